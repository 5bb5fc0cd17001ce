// The rack as it stands: elements are made once from the plan, then only their values change.

import { number, say, time } from "./words.js";

export function make(tag, classes, text) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  if (text !== undefined) element.textContent = text;
  return element;
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function width(element, share) {
  const value = `${Math.min(100, Math.max(0, share * 100)).toFixed(1)}%`;
  if (element.style.width !== value) element.style.width = value;
}

function loadClass(share) {
  if (share === null) return "gap";
  return share >= 1 ? "critical" : share >= 0.8 ? "warning" : "";
}

export function drawRack(plan, ask) {
  const parts = { outlets: [], circuits: [], air: [], doors: [] };
  const pdus = document.getElementById("pdus");
  pdus.replaceChildren();
  for (const pdu of plan.pdus) pdus.append(drawPdu(plan, pdu, parts, ask));
  drawAir(plan, parts);
  return parts;
}

function labelOf(plan, pdu) {
  const feed = plan.feeds.find((f) => f.pdu === pdu.path);
  return feed ? feed.label : "";
}

function drawPdu(plan, pdu, parts, ask) {
  const label = labelOf(plan, pdu);
  const strip = make("div", `pdu feed-${label.toLowerCase()}`);
  const head = make("h3", "", pdu.name);
  head.append(make("span", "feed-label", label));
  strip.append(head);
  plan.circuits.forEach((circuit, row) => {
    const phase = plan.phases.find((p) => p.path === circuit.phase);
    const outlets = plan.outlets.map((o, i) => [o, i]).filter(([o]) => o.circuit === circuit.path);
    if (!outlets.length || outlets[0][0].pdu !== pdu.path) return;
    strip.append(drawCircuit(circuit, row, phase, parts));
    for (const [outlet, index] of outlets) strip.append(drawOutlet(plan, outlet, index, parts, ask));
  });
  return strip;
}

function drawCircuit(circuit, row, phase, parts) {
  const line = make("div", "circuit");
  const name = make("span", "circuit-name", `${circuit.name} · ${phase.name}`);
  const bar = make("span", "bar");
  const fill = make("i");
  bar.append(fill);
  const value = make("span", "value");
  line.append(name, bar, value);
  parts.circuits[row] = { line, fill, value, circuit };
  return line;
}

function drawOutlet(plan, outlet, index, parts, ask) {
  const line = make("button", "outlet");
  line.type = "button";
  line.dataset.path = outlet.path;
  const count = outlet.path.split("/").pop();
  const socket = make("span", `socket ${outlet.connector.toLowerCase()}`);
  const state = make("span", "state");
  const bar = make("span", "bar");
  const fill = make("i");
  bar.append(fill);
  const value = make("span", "value");
  const name = make("span", "name", outlet.name);
  line.append(make("span", "count", count), socket, name, bar, value, state);
  if (!outlet.switchable) line.classList.add("locked");
  line.addEventListener("click", () => ask(index));
  parts.outlets[index] = { line, fill, value, state, outlet };
  return line;
}

function drawAir(plan, parts) {
  const top = document.getElementById("air-top");
  const bottom = document.getElementById("air-bottom");
  top.replaceChildren();
  bottom.replaceChildren();
  plan.probes.forEach((probe, row) => {
    const box = make("div", "probe");
    const value = make("b");
    const more = make("span");
    box.append(make("span", "name", probe.name), value, more);
    (probe.position === "bottom" ? bottom : top).append(box);
    parts.air[row] = { box, value, more, probe };
  });
  plan.doors.forEach((door, row) => {
    const box = make("div", "probe door");
    const value = make("b");
    box.append(make("span", "name", door.name), value);
    bottom.append(box);
    parts.doors[row] = { box, value };
  });
}

export function showRack(parts, tick) {
  tick.outlets.forEach((row, index) => showOutlet(parts.outlets[index], row, tick.levels));
  tick.circuits.forEach(([closed, current], row) => {
    const part = parts.circuits[row];
    if (!part) return;
    const share = current === null ? null : current / part.circuit.rated_current;
    width(part.fill, share ?? 0);
    part.fill.className = loadClass(share);
    part.line.classList.toggle("tripped", closed === 0);
    mark(part.line, tick.levels[part.circuit.path]);
    set(part.value, closed === 0 ? say("tripped") : number(current, 1, "A"));
  });
  tick.probes.forEach(([temperature, humidity, dew], row) => {
    const part = parts.air[row];
    mark(part.box, tick.levels[part.probe.path]);
    set(part.value, number(temperature, 1, "°C"));
    set(part.more, `${number(humidity, 0, "%")} · ${say("dew")} ${number(dew, 1, "°C")}`);
  });
  tick.doors.forEach(([open], row) => {
    set(parts.doors[row].value, open === null ? "–" : say(open ? "open" : "closed"));
  });
}

function showOutlet(part, [on, current, power], levels) {
  const share = current === null ? null : current / part.outlet.rated_current;
  width(part.fill, share ?? 0);
  part.fill.className = loadClass(share);
  const word = on === null ? "unknown" : on ? "on" : "off";
  part.line.classList.toggle("off", on === 0);
  part.line.classList.toggle("unknown", on === null);
  mark(part.line, levels[part.outlet.path]);
  set(part.value, number(power, 0, "W"));
  set(part.state, say(word));
  const label = `${part.outlet.name}, ${say(word)}, ${number(power, 0, "W")}`;
  if (part.line.getAttribute("aria-label") !== label) part.line.setAttribute("aria-label", label);
}

function mark(element, level) {
  element.classList.toggle("is-warning", level === 1);
  element.classList.toggle("is-critical", level === 2);
}

export function drawPhases(plan) {
  const box = document.getElementById("phases");
  const feeds = document.getElementById("feeds");
  box.replaceChildren();
  feeds.replaceChildren();
  const lines = [...new Set(plan.phases.map((p) => p.line))].sort();
  const rows = [];
  for (const line of lines) {
    const group = make("div", "line");
    plan.phases.forEach((phase, row) => {
      if (phase.line !== line) return;
      const feed = plan.feeds.find((f) => f.path === phase.feed);
      rows[row] = drawPhase(group, phase, feed);
    });
    box.append(group);
  }
  const sums = plan.feeds.map((feed) => {
    const value = make("div", `feed feed-${feed.label.toLowerCase()}`);
    const power = make("b");
    const more = make("span");
    value.append(make("span", "feed-label", feed.label), power, more);
    feeds.append(value);
    return { value, power, more, feed };
  });
  return { rows, sums };
}

function drawPhase(group, phase, feed) {
  const row = make("div", `phase feed-${feed.label.toLowerCase()}`);
  const bar = make("span", "bar wide");
  const fill = make("i");
  bar.append(fill, make("em", "mark"));
  const value = make("span", "value");
  const reserve = make("span", "reserve");
  row.append(make("span", "name", `${feed.label} ${phase.name}`), bar, value, reserve);
  group.append(row);
  return { row, fill, value, reserve, phase };
}

export function showPhases(parts, tick) {
  tick.phases.forEach(([voltage, current, , reserve], row) => {
    const part = parts.rows[row];
    const share = current === null ? null : current / part.phase.rated_current;
    width(part.fill, share ?? 0);
    part.fill.className = loadClass(share);
    mark(part.row, tick.levels[part.phase.path]);
    set(part.value, `${number(current, 1, "A")} · ${number(voltage, 0, "V")}`);
    part.reserve.classList.toggle("negative", reserve !== null && reserve < 0);
    const power = reserve === null ? null : (reserve * part.phase.nominal_voltage) / 1000;
    set(part.reserve, reserve !== null && reserve < 0
      ? `${say("nothing")} (${number(reserve, 1, "A")})`
      : `${say("reserve")} ${number(reserve, 1, "A")} / ${number(power, 1, "kW")}`);
  });
  tick.feeds.forEach(([power, , frequency, residual, energy], row) => {
    const part = parts.sums[row];
    mark(part.value, tick.levels[part.feed.path]);
    set(part.power, number(power === null ? null : power / 1000, 2, "kW"));
    const leak = residual === null ? null : residual * 1000;
    set(part.more, `${number(frequency, 2, "Hz")} · ${say("residual")} ${number(leak, 1, "mA")} · ${number(energy, 1, "kWh")}`);
  });
}

export function drawAlarms(plan, tick, act) {
  const box = document.getElementById("alarms");
  const mark_ = JSON.stringify([tick.alarms.map((a) => [a.rule, a.place, a.standing, a.level]), document.documentElement.lang]);
  if (box.dataset.mark !== mark_) {
    box.dataset.mark = mark_;
    box.replaceChildren(...tick.alarms.map((alarm) => drawAlarm(plan, alarm, act)));
    if (!tick.alarms.length) box.append(make("p", "none", say("none")));
    if (tick.more_alarms) box.append(make("p", "note", `${tick.more_alarms} ${say("more")}`));
  }
  tick.alarms.forEach((alarm, row) => {
    const value = box.children[row].querySelector(".measure");
    if (value) set(value, measure(alarm));
  });
}

function measure(alarm) {
  const unit = alarm.unit === "1" || alarm.unit === "on/off" ? "" : alarm.unit;
  const share = alarm.unit === "1" && alarm.rule.startsWith("load.");
  const told = (v) => (share ? number(v === null ? null : v * 100, 0, "%") : number(v, 2, unit));
  if (alarm.rule.startsWith("cord.") || alarm.unit === "on/off") return "";
  return `${told(alarm.value)} (${say("limit")} ${told(alarm.limit)})`;
}

function drawAlarm(plan, alarm, act) {
  const language = document.documentElement.lang;
  const item = make("article", `alarm ${alarm.standing} ${alarm.level}`);
  const head = make("div", "alarm-head");
  head.append(make("b", "", alarm.title[language]), make("span", "place", alarm.place));
  const facts = make("div", "alarm-facts");
  const level = alarm.level === "normal" ? say("passed") : say(alarm.level);
  facts.append(make("span", "level", level), make("span", "measure", measure(alarm)));
  facts.append(make("span", "", `${say("since")} ${time(alarm.since)}`));
  if (alarm.standing === "known") facts.append(make("span", "", `${say("known")} ${alarm.by}`));
  if (alarm.standing === "shelved") facts.append(make("span", "", `${say("shelved")} ${time(alarm.until)}: ${alarm.reason}`));
  item.append(head, facts);
  item.append(detail(say("cause"), alarm.cause[language]), detail(say("action"), alarm.action[language]));
  if (plan.may_switch) item.append(actions(alarm, act));
  return item;
}

function detail(name, text) {
  const line = make("p", "detail");
  line.append(make("span", "", `${name}: `), text);
  return line;
}

function actions(alarm, act) {
  const row = make("div", "actions");
  if (alarm.standing === "calling" || alarm.standing === "passed") {
    row.append(button(say("acknowledge"), () => act.acknowledge(alarm)));
  }
  if (alarm.standing === "calling" || alarm.standing === "known") {
    row.append(button(say("shelve"), () => act.shelve(alarm)));
  }
  return row;
}

export function button(text, action, classes) {
  const element = make("button", classes || "", text);
  element.type = "button";
  element.addEventListener("click", action);
  return element;
}

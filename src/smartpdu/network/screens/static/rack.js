// The rack as it stands: air on top, PDUs side by side, outlets in physical order, air below.

import { bar, button, byId, ends, fill, label, make, mark, set } from "./element.js";
import { circuitName, count, labelsOf, pduOfCircuit, silences, tint } from "./plan.js";
import { number, say } from "./words.js";

const WIDEST = 4; // characters of an outlet's number that are shown; the rest is cut
const SHORT = 14; // circuits and outlets of a PDU below which there is room for more under it
const DEAD = 0.1; // of the nominal voltage: below it a phase has none (as the rule of a lost feed)

export class Rack {
  constructor(ask) { this.ask = ask; }

  build(plan) {
    this.plan = plan;
    this.outlets = [];
    this.circuits = [];
    const own = plan.racks.find((rack) => rack.path === plan.rack);
    byId("rack-title").textContent = own ? own.name : say("rackless");
    this.pdus = plan.pdus.map((pdu) => this.pdu(pdu));
    byId("pdus").replaceChildren(...this.pdus.map((part) => part.strip));
    document.body.classList.toggle("many-pdus", plan.pdus.length > 2);
    document.body.classList.toggle("one-pdu", plan.pdus.length === 1);
    document.body.classList.toggle("short-rack", plan.pdus.length <= 2 && tallest(plan) <= SHORT);
    document.body.classList.toggle("rackless", !own);
    this.air();
  }

  pdu(pdu) {
    const labels = labelsOf(this.plan, pdu);
    const strip = make("section", `pdu ${tint(this.plan, labels[0])}`);
    const head = make("h3");
    const note = make("p", "pdu-note");
    head.append(make("span", "pdu-name", pdu.name), make("span", "feed-label", labels.join(", ")));
    strip.append(head, note);
    label(strip, pdu.name);
    const circuits = this.plan.circuits.map((circuit, row) => ({ circuit, row }))
      .filter(({ circuit }) => pduOfCircuit(this.plan, circuit) === pdu.path);
    const outlets = this.plan.outlets.map((outlet, row) => ({ outlet, row }))
      .filter(({ outlet }) => outlet.pdu === pdu.path);
    const longest = Math.max(2, ...outlets.map(({ outlet }) => count(outlet).length));
    strip.style.setProperty("--count", `${Math.min(longest, WIDEST)}ch`);
    strip.append(...this.column(circuits, outlets));
    return { strip, note, pdu };
  }

  // Circuits head their outlets where those stand together; else they come first, as a list.
  column(circuits, outlets) {
    const runs = [];
    for (const { outlet } of outlets) if (runs.at(-1) !== outlet.circuit) runs.push(outlet.circuit);
    const mixed = new Set(runs).size < runs.length;
    if (mixed) return [...circuits.map((c) => this.circuit(c)), make("hr"), ...outlets.map((o) => this.outlet(o, true))];
    return circuits.flatMap((c) => [
      this.circuit(c),
      ...outlets.filter(({ outlet }) => outlet.circuit === c.circuit.path).map((o) => this.outlet(o, false)),
    ]);
  }

  circuit({ circuit, row }) {
    const line = make("div", "circuit");
    const name = make("span", "name");
    name.append(make("span", "head", circuitName(circuit)), make("span", "tail", ` · ${this.plan.phaseOf.get(circuit.phase).name}`));
    name.title = name.textContent;
    const part = { line, bar: bar(), value: make("span", "value"), circuit };
    line.append(name, part.bar, part.value);
    this.circuits[row] = part;
    return line;
  }

  outlet({ outlet, row }, tagged) {
    const line = button(undefined, () => this.ask(row), "outlet");
    line.dataset.path = outlet.path;
    line.title = outlet.name === count(outlet) ? outlet.name : `${count(outlet)} · ${outlet.name}`;
    const name = make("span", "name");
    name.append(...ends(outlet.name));
    if (tagged) name.append(make("small", "tag", circuitName(this.plan.circuitOf.get(outlet.circuit))));
    const part = { line, bar: bar(), value: make("span", "value"), state: make("span", "state"), outlet };
    line.append(make("span", "count", count(outlet)), make("span", `socket ${outlet.connector.toLowerCase()}`), name, part.bar, part.value, part.state);
    line.classList.toggle("locked", !outlet.switchable);
    line.classList.toggle("unmetered", !outlet.metered);
    line.addEventListener("keydown", walk);
    this.outlets[row] = part;
    return line;
  }

  air() {
    this.probes = this.plan.probes.map((probe) => {
      const part = { box: make("div", "probe"), value: make("b"), more: make("span"), probe };
      part.box.append(make("span", "name", probe.name), part.value, part.more);
      return part;
    });
    this.doors = this.plan.doors.map((door) => {
      const part = { box: make("div", "probe door"), value: make("b"), door };
      part.box.append(make("span", "name", door.name), part.value);
      return part;
    });
    const below = (part) => part.probe.position === "bottom";
    byId("air-top").replaceChildren(...this.probes.filter((part) => !below(part)).map((part) => part.box));
    byId("air-bottom").replaceChildren(...[...this.probes.filter(below), ...this.doors].map((part) => part.box));
  }

  show(tick) {
    const silent = silences(this.plan, tick);
    for (const { strip, note, pdu } of this.pdus) showPdu(strip, note, silent.get(pdu.source), tick.levels[pdu.path]);
    tick.circuits.forEach((row, n) => showCircuit(this.circuits[n], row, tick.levels));
    const dead = this.dead(tick);
    tick.outlets.forEach((row, n) => showOutlet(this.outlets[n], row, tick, dead));
    tick.probes.forEach((row, n) => showProbe(this.probes[n], row, tick.levels, silent));
    tick.doors.forEach(([open], n) => {
      set(this.doors[n].value, open === null ? "–" : say(open ? "open" : "closed"));
      this.doors[n].box.classList.toggle("silent", silent.has(this.doors[n].door.source));
    });
  }

  // Circuits that give no power: their breaker is open or their phase carries no voltage.
  dead(tick) {
    const phases = new Set(this.plan.phases.filter((phase, row) => {
      const voltage = tick.phases[row][0];
      return voltage !== null && voltage < DEAD * phase.nominal_voltage;
    }).map((phase) => phase.path));
    return new Set(this.plan.circuits.filter((circuit, row) =>
      tick.circuits[row][0] === 0 || phases.has(circuit.phase)).map((circuit) => circuit.path));
  }
}

function tallest(plan) {
  const rows = (pdu) => plan.outlets.filter((outlet) => outlet.pdu === pdu.path).length
    + plan.circuits.filter((circuit) => pduOfCircuit(plan, circuit) === pdu.path).length;
  return Math.max(0, ...plan.pdus.map(rows));
}

function showPdu(strip, note, silence, level) {
  strip.classList.toggle("silent", silence !== undefined);
  mark(strip, level);
  set(note, silence === undefined ? "" : say("silent").replace("{}", number(silence, 0, "s")));
}

function showCircuit(part, [closed, current], levels) {
  fill(part.bar, current === null ? null : current / part.circuit.rated_current, part.circuit);
  part.line.classList.toggle("tripped", closed === 0);
  mark(part.line, levels[part.circuit.path]);
  set(part.value, closed === 0 ? say("tripped") : number(current, 1, "A"));
}

function showOutlet(part, [on, current, power], tick, dead) {
  const { line, outlet } = part;
  fill(part.bar, current === null ? null : current / outlet.rated_current, outlet);
  const word = on === null ? (outlet.switchable ? say("unknown") : "") : say(on ? "on" : "off");
  line.classList.toggle("off", on === 0);
  line.classList.toggle("unknown", on === null);
  line.classList.toggle("dead", dead.has(outlet.circuit));
  mark(line, tick.levels[outlet.path]);
  const told = power === null && current !== null ? number(current, 2, "A") : number(power, 0, "W");
  set(part.value, outlet.metered || power !== null ? told : "");
  set(part.state, word);
  const alarms = tick.levels[outlet.path] ? tick.alarms.filter((a) => a.place === outlet.path && a.level).map((a) => a.words) : [];
  label(line, [
    `${count(outlet)}, ${outlet.name}`, word,
    dead.has(outlet.circuit) && say("dead"),
    outlet.metered && (power === null && current === null ? say("gap") : told),
    ...alarms,
  ].filter(Boolean).join(", "));
}

function showProbe(part, [temperature, humidity, dew], levels, silent) {
  mark(part.box, levels[part.probe.path]);
  part.box.classList.toggle("silent", silent.has(part.probe.source));
  set(part.value, number(temperature, 1, "°C"));
  const more = [humidity !== null && number(humidity, 0, "%"), dew !== null && `${say("dew")} ${number(dew, 1, "°C")}`];
  set(part.more, more.filter(Boolean).join(" · "));
}

// The arrow keys walk along a PDU.
function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const outlets = [...event.currentTarget.closest(".pdu").querySelectorAll(".outlet")];
  outlets[outlets.indexOf(event.currentTarget) + step]?.focus();
}

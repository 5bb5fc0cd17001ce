// The page: takes the plan once, then a tick a second; draws, never reloads.

import { PowerChart } from "./chart.js";
import { drawAlarms, drawPhases, drawRack, make, showPhases, showRack } from "./draw.js";
import { askShelve, askSwitch, send } from "./sheet.js";
import { kind, say, time, tongue, turn } from "./words.js";

const byId = (id) => document.getElementById(id);
let plan, last, rack, phases, chart, heard = 0;
const events = [];

const act = {
  acknowledge: (alarm) =>
    send("POST", "/api/v1/alarms/acknowledge", { rule: alarm.rule, place: alarm.place }).catch((e) => alert(e.message)),
  shelve: askShelve,
};

async function start() {
  plan = await (await fetch("/screen/plan")).json();
  build();
  chart = new PowerChart(byId("power"), plan);
  chart.start().catch((error) => { byId("power").textContent = error.message; });
  for (const event of await (await fetch("/screen/events")).json()) events.unshift(event);
  showEvents();
  listen();
  setInterval(showLive, 1000);
}

function build() {
  document.documentElement.lang = tongue();
  document.title = `${plan.site} · SmartPDU`;
  byId("site").textContent = plan.site;
  byId("role").textContent = say(plan.role);
  byId("language").textContent = say("other");
  byId("leave").textContent = say("leave");
  byId("rack-title").textContent = plan.racks.map((r) => r.name).join(", ");
  for (const part of ["phases", "power", "alarms", "events"]) byId(`${part}-title`).textContent = say(part);
  byId("phases-note").textContent = say("note");
  byId("claim").textContent = say("claim");
  rack = drawRack(plan, (index) => last && askSwitch(plan, index, last.outlets[index]));
  phases = drawPhases(plan);
}

function listen() {
  const ticks = new EventSource("/screen/ticks");
  ticks.onmessage = (message) => show(JSON.parse(message.data));
  const stream = new EventSource(`/api/v1/events/stream?after=${events[0]?.seq ?? 0}`);
  const hear = (message) => {
    const event = JSON.parse(message.data);
    if (events[0] && event.seq <= events[0].seq) return;
    events.unshift(event);
    events.length = Math.min(events.length, 40);
    showEvents();
  };
  for (const name of Object.keys(KINDS)) stream.addEventListener(name, hear);
}

const KINDS = Object.fromEntries(
  ["AlarmRaised", "AlarmEased", "AlarmCleared", "AlarmFlood", "AlarmAcknowledged", "AlarmShelved", "AlarmUnshelved",
    "RequestRefused", "CommandIntended", "CommandDone", "CommandRefused", "CommandDisobeyed", "OutletTurned",
    "RuleBroken", "HouseStarted", "HouseStopped", "RecordingTroubled", "ClockStepped"].map((name) => [name, true]),
);

function show(tick) {
  last = tick;
  heard = Date.now();
  showRack(rack, tick);
  showPhases(phases, tick);
  drawAlarms(plan, tick, act);
  chart.add(tick);
  showCount(tick);
  showLive();
  byId("clock").textContent = `${time(tick.at)} · ${new Date(tick.at * 1000).toISOString().slice(11, 19)} UTC`;
  byId("troubles").hidden = !tick.troubles.length;
  byId("troubles").textContent = tick.troubles.join(" · ");
}

function showCount(tick) {
  const active = tick.alarms.filter((a) => a.level !== "normal" && a.standing !== "shelved");
  const critical = active.filter((a) => a.level === "critical").length;
  const warning = active.length - critical;
  const pill = byId("count");
  pill.className = `pill ${critical ? "critical" : warning ? "warning" : "calm"}`;
  const words = [critical && `${critical} ${say("critical")}`, warning && `${warning} ${say("warning")}`].filter(Boolean);
  pill.textContent = words.join(", ") || say("calm");
}

function showLive() {
  const alive = Date.now() - heard < 4000;
  byId("live").textContent = say(alive ? "live" : "lost");
  byId("live").className = alive ? "live" : "live lost";
}

function showEvents() {
  byId("events").replaceChildren(...events.map((event) => {
    const item = make("li");
    const rule = event.body.rule ? ` ${title(event.body.rule)}` : "";
    const on = event.body.on === undefined ? "" : ` ${say(event.body.on ? "on" : "off")}`;
    item.append(make("time", "", time(event.at)), make("span", "what", `${rule} ${kind(event.kind)}${on}`.trim()));
    item.append(make("span", "place", event.place));
    return item;
  }));
}

function title(rule) {
  const alarm = last?.alarms.find((a) => a.rule === rule);
  if (alarm) titles[rule] = alarm.title;
  return titles[rule]?.[tongue()] ?? rule;
}

const titles = {};

byId("language").addEventListener("click", () => {
  turn();
  build();
  if (last) show(last);
  showEvents();
  if (chart.chart) chart.draw();
});
byId("leave").addEventListener("click", async () => {
  await send("POST", "/screen/leave", {}).catch(() => {});
  location.reload();
});

start();

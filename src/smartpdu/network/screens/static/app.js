// The page: takes the plan once, then a tick a second; draws, never reloads.
//
// A part of the page is an object with build(plan), called again when the plan or the language
// changes, and show(tick). A new part is a new file and its name in PARTS.

import { Alarms } from "./alarms.js";
import { PowerChart } from "./chart.js";
import { byId, set } from "./element.js";
import { Events } from "./events.js";
import { ask, Line, of, Refused, send, Stranger } from "./link.js";
import { Phases } from "./phases.js";
import { understood } from "./plan.js";
import { Rack } from "./rack.js";
import { Racks } from "./racks.js";
import { Sheet } from "./sheet.js";
import { counted, reason, say, time, tongue, turn } from "./words.js";

let plan, last, line, started = 0, replanned = 0;
const sheet = new Sheet();
const events = new Events();
const chart = new PowerChart();
const PARTS = [
  new Racks(choose),
  new Alarms((alarm) => sheet.askShelve(plan, alarm)),
  new Phases((kind, path) => sheet.tellPlace(plan, kind, path)),
  new Rack((row) => last && sheet.askOutlet(plan, row, last)),
  chart,
  events,
];

async function start() {
  const own = ++started;
  const rack = new URLSearchParams(location.search).get("rack");
  try {
    const fresh = await wanted(rack);
    const past = await ask(`/screen/events${of(fresh.rack)}`);
    if (own !== started) return; // another rack was chosen meanwhile
    events.forget();
    events.take(past);
    line?.close();
    plan = understood(fresh);
    last = undefined;
    sheet.box.close();
    build();
    line = new Line(plan.rack, events.last, { tick: show, event: (event) => events.take([event]), lost, stranger, refused });
  } catch (error) {
    if (error instanceof Stranger) return stranger();
    if (own !== started) return;
    tell(say("unreachable"));
    setTimeout(start, 2000);
  }
}

async function wanted(rack) {
  try {
    return await ask(`/screen/plan${of(rack)}`);
  } catch (error) {
    if (!rack || !(error instanceof Refused)) throw error;
    history.replaceState(null, "", "/"); // there is no such rack any more
    return ask("/screen/plan");
  }
}

function choose(rack) {
  history.pushState(null, "", `/${of(rack)}`);
  start();
}

function build() {
  document.documentElement.lang = tongue();
  byId("site").textContent = plan.site;
  byId("role").textContent = say(plan.role);
  byId("language").textContent = say("other");
  byId("leave").textContent = say("leave");
  byId("claim").textContent = say("claim");
  for (const part of PARTS) part.build(plan);
  if (last) draw(last);
}

function show(tick, back) {
  if (tick.mark !== plan.mark) return replan();
  for (const alarm of tick.alarms) alarm.words = plan.hazards[alarm.rule].title[tongue()];
  last = tick;
  document.body.classList.remove("lost");
  byId("live").className = "live";
  set(byId("live"), say("live"));
  tell(tick.troubles.map(reason).join(" · "));
  if (back) chart.past();
  draw(tick);
}

function draw(tick) {
  for (const part of PARTS) part.show?.(tick);
  sheet.show(tick, true);
  showCount(tick.counts);
  set(byId("clock"), time(tick.at));
  set(byId("utc"), clockOfUtc(tick.at));
}

// The program has another plant now, or is another version: nothing of this page may stay.
function replan() {
  if (Date.now() - replanned < 5000) return;
  replanned = Date.now();
  location.reload();
}

function showCount([critical, warning]) {
  const words = [critical && counted("criticals", critical), warning && counted("warnings", warning)].filter(Boolean);
  byId("count").className = `pill ${critical ? "critical" : warning ? "warning" : "calm"}`;
  set(byId("count"), words.join(", ") || say("calm"));
  document.title = `${critical + warning ? `(${critical + warning}) ` : ""}${plan.site} · SmartPDU`;
}

// What is shown stays, greyed, with its age: it may be all that a person has.
function lost() {
  document.body.classList.add("lost");
  byId("live").className = "live lost";
  set(byId("live"), say("lost"));
  if (!last) return tell(say("unreachable"));
  tell(say("old").replace("{}", time(last.at)));
  sheet.show(last, false);
}

function stranger() {
  line?.close();
  document.body.classList.add("lost");
  byId("live").className = "live lost";
  set(byId("live"), say("lost"));
  tell(say("stranger"));
  if (last) sheet.show(last, false);
}

function refused() { start(); }

function tell(words) {
  const box = byId("troubles");
  box.hidden = !words;
  set(box, words);
}

function clockOfUtc(at) {
  const utc = new Date(at * 1000);
  return utc.getTimezoneOffset() === 0 ? "UTC" : `${utc.toISOString().slice(11, 16)} UTC`;
}

byId("language").addEventListener("click", () => {
  turn();
  if (sheet.box.open) sheet.box.close();
  if (last) for (const alarm of last.alarms) alarm.words = plan.hazards[alarm.rule].title[tongue()];
  build();
});
byId("leave").addEventListener("click", async () => {
  await send("POST", "/screen/leave", {}).catch(() => {});
  location.reload();
});
addEventListener("popstate", start);

start();

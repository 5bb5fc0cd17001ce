// What happened, the newest first.

import { byId, make } from "./element.js";
import { placeName } from "./plan.js";
import { asker, counted, kind, moment, named, number, reason, say, tongue } from "./words.js";

const MOST = 40;

export class Events {
  constructor() { this.events = []; }

  get last() { return this.events[0]?.seq ?? 0; }

  build(plan) {
    this.plan = plan;
    const own = plan.racks.length > 1 ? ` · ${placeName(plan, plan.rack)}` : "";
    byId("events-title").textContent = say("events") + own;
    this.draw();
  }

  // What happened in another rack is told on its page.
  forget() { this.events = []; }

  // Takes events in any order, each once.
  take(told) {
    const known = new Set(this.events.map((event) => event.seq));
    const fresh = told.filter((event) => !known.has(event.seq));
    if (!fresh.length) return;
    this.events = [...fresh, ...this.events].sort((a, b) => b.seq - a.seq).slice(0, MOST);
    if (this.plan) this.draw();
  }

  draw() { byId("events").replaceChildren(...gathered(this.events).map((event) => this.item(event))); }

  item({ at, kind: name, place, body, places = 1 }) {
    const item = make("li");
    const title = this.plan.hazards[body.rule]?.title[tongue()] ?? body.rule ?? "";
    const on = body.on === undefined ? "" : say(body.on ? "on" : "off");
    const where = make("span", "place", place === "house" ? "" : placeName(this.plan, place));
    where.title = place;
    item.append(make("time", "", moment(at)), make("span", "what", [title && `${title}:`, kind(name), on].filter(Boolean).join(" ")), where);
    const more = [details(body), places > 1 && counted("places", places)].filter(Boolean).join(" · ");
    if (more) {
      const why = make("span", "why", more);
      why.title = body.by ?? "";
      if (body.waveform) why.append(" · ", download(body.waveform));
      item.append(why);
    }
    return item;
  }
}

// The inrush of many loads at once, as when a voltage returns, is one item: that of the highest.
function gathered(events) {
  const items = [];
  for (const event of events) {
    const last = items.at(-1);
    const { kind: name, body } = event;
    if (name !== "InrushCaptured" || last?.kind !== name || !body.waveform || last.body.waveform !== body.waveform) {
      items.push({ ...event, places: 1 });
      continue;
    }
    items[items.length - 1] = { ...(body.peak > last.body.peak ? event : last), places: last.places + 1 };
  }
  return items;
}

function download(name) {
  const link = make("a", "waveform", say("waveform"));
  link.href = `/api/v1/waveforms/${encodeURIComponent(name)}`;
  link.download = name;
  return link;
}

// What happened to a voltage, and how a load rushed in: how far, and how long.
function noticed({ disturbance, cause, residual, reference, largest, peak, duration, end_unseen }) {
  return [
    disturbance && named("disturbances", disturbance),
    disturbance && number(residual === null ? largest : (100 * residual) / reference, 0, residual === null ? "V" : "%"),
    peak !== undefined && number(peak, 1, "A"),
    duration === null ? say(end_unseen ? "unseen" : "lasts") : number(duration, 3, "s"),
    cause && named("causes", cause),
  ];
}

function details(body) {
  const { reason: why, error, by, places, step, duration } = body;
  const said = why ?? error;
  return [
    said && reason(said),
    by && by !== "house" && `${say("by")} ${asker(by)}`,
    places && counted("places", places.length),
    step !== undefined && number(step, 1, "s"),
    ...(duration === undefined ? [] : noticed(body)),
  ].filter(Boolean).join(" · ");
}

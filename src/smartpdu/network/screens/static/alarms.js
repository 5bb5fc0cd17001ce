// Alarms that stand: what it is, where, how bad, why, what to do, and what people said of it.

import { button, byId, make, set } from "./element.js";
import { placeName } from "./plan.js";
import { send } from "./link.js";
import { asker, counted, leak, moment, number, say, sayError, tongue } from "./words.js";

const OPEN = 3; // alarms whose cause and action are shown at once; of more, each opens its own
const FLOOD = 4; // alarms that say the same of different places, which are told as one if more

export class Alarms {
  constructor(shelve) { this.shelve = shelve; }

  build(plan) {
    this.plan = plan;
    this.parts = new Map();
    this.floods = new Map();
    const own = plan.racks.length > 1 ? ` · ${placeName(plan, plan.rack)}` : "";
    byId("alarms-title").textContent = say("alarms_title") + own;
    byId("alarms").replaceChildren();
  }

  // An element stays the same as long as its alarm says the same: nothing moves under a finger.
  show(tick) {
    const kept = new Map();
    for (const alarm of tick.alarms) {
      const key = `${alarm.rule} ${alarm.place}`;
      const state = `${alarm.standing} ${alarm.level} ${alarm.by} ${alarm.until} ${alarm.failure}`;
      let part = this.parts.get(key);
      if (part?.state !== state) part = this.part(alarm, state, part, tick.alarms.length <= OPEN);
      set(part.measure, measure(alarm));
      kept.set(key, part);
    }
    for (const [key, part] of this.parts) if (kept.get(key) !== part) part.item.remove();
    this.parts = kept;
    arrange(byId("alarms"), this.grouped(tick.alarms, [...kept.values()]));
    set(byId("alarms-more"), more(tick));
  }

  // Many alarms that say the same stand in one that can be opened: nothing else drowns in them.
  grouped(alarms, parts) {
    const groups = new Map();
    alarms.forEach((alarm, n) => {
      const key = `${alarm.rule} ${alarm.level} ${alarm.standing}`;
      groups.set(key, [...(groups.get(key) ?? []), { alarm, item: parts[n].item }]);
    });
    const floods = new Map();
    const top = [...groups].flatMap(([key, group]) => {
      if (group.length <= FLOOD) return group.map(({ item }) => item);
      const flood = this.floods.get(key) ?? new Flood(this.plan, group[0].alarm);
      flood.show(group);
      floods.set(key, flood);
      return [flood.item];
    });
    for (const [key, flood] of this.floods) if (floods.get(key) !== flood) flood.item.remove();
    this.floods = floods;
    return top;
  }

  part(alarm, state, before, open) {
    const { title, cause, action, shelvable } = this.plan.hazards[alarm.rule];
    const item = make("article", `alarm ${alarm.standing} ${level(alarm)}`);
    const head = make("div", "alarm-head");
    const place = make("span", "place", placeName(this.plan, alarm.place));
    place.title = alarm.place;
    head.append(make("b", "", title[tongue()]), place);
    const facts = make("div", "alarm-facts");
    const part = { item, state, measure: make("span", "measure") };
    facts.append(make("span", "level", say(level(alarm))), part.measure, make("span", "", `${say(alarm.standing === "passed" ? "raised" : "since")} ${moment(alarm.since)}`));
    facts.append(...said(alarm));
    const more_ = make("details");
    more_.open = before ? before.item.querySelector("details").open : open;
    more_.append(make("summary", "", say("more_about")));
    if (alarm.failure) more_.append(detail(say("failure"), alarm.failure));
    more_.append(detail(say("cause"), cause[tongue()]), detail(say("action"), action[tongue()]));
    part.result = make("p", "result");
    part.result.setAttribute("role", "status");
    item.append(head, facts, more_);
    if (this.plan.may_switch) item.append(this.actions(alarm, shelvable, part), part.result);
    return part;
  }

  actions(alarm, shelvable, part) {
    const row = make("div", "actions");
    const offer = (word, action) => {
      const one = button(say(word), action);
      one.setAttribute("aria-label", `${say(word)}: ${alarm.words}, ${placeName(this.plan, alarm.place)}`);
      row.append(one);
    };
    const asked = (what) => () => tell(part.result, what, alarm);
    if (["calling", "passed"].includes(alarm.standing)) offer("acknowledge", asked("acknowledge"));
    if (["calling", "known"].includes(alarm.standing) && shelvable) offer("shelve", () => this.shelve(alarm));
    if (alarm.standing === "shelved") offer("unshelve", asked("unshelve"));
    return row;
  }
}

class Flood {
  constructor(plan, alarm) {
    this.item = make("details", `flood alarm ${alarm.standing} ${level(alarm)}`);
    this.count = make("span", "place");
    const summary = make("summary");
    summary.append(make("b", "", alarm.words), " · ", make("span", "level", say(level(alarm))), " · ", this.count);
    this.inner = make("div", "flood-alarms");
    this.item.append(summary);
    if (plan.may_switch && ["calling", "passed"].includes(alarm.standing)) this.item.append(this.all());
    this.item.append(this.inner);
  }

  show(group) {
    this.alarms = group.map(({ alarm }) => alarm);
    set(this.count, counted("places", group.length));
    arrange(this.inner, group.map(({ item }) => item));
  }

  all() {
    const result = make("span", "result");
    result.setAttribute("role", "status");
    const row = make("div", "actions");
    const one = button(say("acknowledge_all"), async () => {
      one.disabled = true;
      for (const alarm of this.alarms) if (!await tell(result, "acknowledge", alarm)) break;
      one.disabled = false;
    });
    row.append(one, result);
    return row;
  }
}

async function tell(result, what, { rule, place }) {
  try {
    await send("POST", `/api/v1/alarms/${what}`, { rule, place });
    result.textContent = "";
    return true;
  } catch (error) {
    result.textContent = sayError(error);
    result.className = "result bad";
    return false;
  }
}

function level(alarm) { return ["passed", "warning", "critical"][alarm.level]; }

function said(alarm) {
  if (alarm.standing === "known") {
    const known = make("span", "", `${say("known")} ${asker(alarm.by)}`);
    known.title = alarm.by;
    return [known];
  }
  if (alarm.standing === "shelved") {
    return [make("span", "", [`${say("shelved")} ${moment(alarm.until)}`, alarm.reason.trim()].filter(Boolean).join(": "))];
  }
  return [];
}

function detail(name, text) {
  const line = make("p", "detail");
  line.append(make("span", "", `${name}: `), text);
  return line;
}

function more(tick) {
  if (!tick.alarms.length) return say("none");
  return tick.more_alarms ? counted("more_alarms", tick.more_alarms) : "";
}

// Brings elements into an order and moves no more of them than must be moved.
function arrange(box, items) {
  items.forEach((item, spot) => {
    if (box.children[spot] !== item) box.insertBefore(item, box.children[spot] ?? null);
  });
}

// How long a source has been silent stands at its PDU; a state has no measure, and what is over none that matters.
function measure({ rule, standing, value, limit, unit }) {
  if (unit === "on/off" || standing === "passed" || value === null || rule === "gaps.silent") return "";
  const told = (v) => {
    if (v === null) return "–";
    if (unit === "1") return number(v * 100, limit !== null && limit < 0.01 ? 1 : 0, "%");
    if (unit === "A" && limit !== null && Math.abs(limit) < 0.5) return leak(v, 0);
    return number(v, unit === "s" ? 0 : 1, unit);
  };
  return limit === null ? told(value) : `${told(value)} (${say("limit")} ${told(limit)})`;
}

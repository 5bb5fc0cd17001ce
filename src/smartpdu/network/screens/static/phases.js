// Feeds and their phases side by side: what each carries, what it would carry alone, what is left.

import { byId, button, fill, make, mark, set, width } from "./element.js";
import { feedName, silences, tint } from "./plan.js";
import { leak, number, say } from "./words.js";

const CONTINUOUS = 0.8; // of the rating, to which the reserve is counted

export class Phases {
  constructor(tell) {
    this.tell = tell; // shows all that is measured at a place
  }

  build(plan) {
    this.plan = plan;
    const labels = [...new Set(plan.feeds.map((feed) => feed.label))];
    byId("phases-title").textContent = `${say("feeds")} ${labels.join(", ")}`;
    this.sums = plan.feeds.map((feed) => this.feed(feed));
    byId("feeds").replaceChildren(...this.sums.map((part) => part.box));
    this.rows = plan.phases.map((phase) => this.phase(phase));
    const lines = [...new Set(plan.phases.map((phase) => phase.line))].sort();
    byId("phases").replaceChildren(...lines.map((line) => {
      const group = make("div", "line");
      group.append(...this.rows.filter((part) => part.phase.line === line).map((part) => part.row));
      return group;
    }));
    byId("phases-note").replaceChildren(...legend());
  }

  feed(feed) {
    const part = { box: make("div", `feed ${tint(this.plan, feed.label)}`), power: make("b"), more: make("span", "more"), feed };
    const name = button(feedName(this.plan, feed), () => this.tell("feeds", feed.path), "feed-label");
    part.box.append(name, part.power, part.more);
    return part;
  }

  phase(phase) {
    const feed = this.plan.feedOf.get(phase.feed);
    const row = make("div", `phase ${tint(this.plan, feed.label)}`);
    const bar = make("span", "bar wide");
    const part = { row, bar, alone: make("u"), value: make("span", "value"), reserve: make("span", "reserve"), phase, source: this.plan.pduOf.get(feed.pdu).source };
    bar.append(make("i"), part.alone);
    if (phase.warning !== null) {
      const limit = make("em", "limit");
      limit.style.left = `${Math.min(100, phase.warning * 100)}%`;
      bar.append(limit);
    }
    const name = button("", () => this.tell("phases", phase.path), "name");
    name.append(make("span", "head", feedName(this.plan, feed)), make("span", "tail", ` ${phase.name}`));
    name.title = name.textContent;
    row.append(name, bar, part.value, part.reserve);
    return part;
  }

  show(tick) {
    const silent = silences(this.plan, tick);
    tick.phases.forEach((row, n) => showPhase(this.rows[n], row, tick.levels, silent));
    tick.feeds.forEach((row, n) => showFeed(this.sums[n], row, tick.levels, silent, this.plan));
  }
}

function showPhase(part, [voltage, current, reserve], levels, silent) {
  const { phase } = part;
  const share = (value) => (value === null ? null : value / phase.rated_current);
  fill(part.bar, share(current), phase);
  width(part.alone, reserve === null ? 0 : CONTINUOUS - share(reserve));
  mark(part.row, levels[phase.path]);
  part.row.classList.toggle("silent", silent.has(part.source));
  set(part.value, `${number(current, 1, "A")} · ${number(voltage, 0, "V")}`);
  part.reserve.classList.toggle("negative", reserve !== null && reserve < 0);
  const power = reserve === null ? null : (reserve * phase.nominal_voltage) / 1000;
  set(part.reserve, reserve !== null && reserve < 0
    ? `${say("lacking")} ${number(-reserve, 1, "A")} · ${number(-power, 1, "kW")}`
    : `${say("reserve")} ${number(reserve, 1, "A")} · ${number(power, 1, "kW")}`);
}

function showFeed(part, [power, frequency, residual, energy], levels, silent, plan) {
  mark(part.box, levels[part.feed.path]);
  part.box.classList.toggle("silent", silent.has(plan.pduOf.get(part.feed.pdu).source));
  set(part.power, number(power === null ? null : power / 1000, 2, "kW"));
  const known = [
    frequency !== null && number(frequency, 2, "Hz"),
    residual !== null && `${say("residual")} ${leak(residual, 1)}`,
    energy !== null && number(energy, 1, "kWh"),
  ].filter(Boolean);
  set(part.more, known.join(" · "));
}

function legend() {
  return [["now", "i"], ["alone", "u"], ["limit", "em"]].map(([key, tag]) => {
    const item = make("span", "key");
    item.append(make(tag), say(`key_${key}`));
    return item;
  });
}

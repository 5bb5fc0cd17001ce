// Which rack the page shows, where a site has several: each with its power and its alarms.

import { byId, make, mark, set } from "./element.js";
import { of } from "./link.js";
import { counted, number, say } from "./words.js";

export class Racks {
  constructor(choose) { this.choose = choose; }

  build(plan) {
    const box = byId("racks");
    box.hidden = plan.racks.length < 2;
    box.setAttribute("aria-label", say("racks"));
    this.parts = box.hidden ? [] : plan.racks.map((rack) => this.rack(rack, plan));
    box.replaceChildren(...this.parts.map((part) => part.link));
    box.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }

  rack(rack, plan) {
    const link = make("a", "rack-link");
    link.href = `/${of(rack.path)}`;
    if (rack.path === plan.rack) link.setAttribute("aria-current", "page");
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.choose(rack.path);
    });
    const part = { link, power: make("span", "value"), alarms: make("span", "alarms-here") };
    link.append(make("b", "", rack.name), part.power, part.alarms);
    return part;
  }

  show(tick) {
    this.parts.forEach((part, row) => {
      const [power, level, alarms] = tick.racks[row];
      mark(part.link, level);
      set(part.power, number(power === null ? null : power / 1000, 2, "kW"));
      set(part.alarms, alarms ? counted("alarms", alarms) : "");
    });
  }
}

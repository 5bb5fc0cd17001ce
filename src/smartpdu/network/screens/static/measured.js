// All that is measured at a place, asked anew while its dialog is open.

import { list, make } from "./element.js";
import { Harmonics } from "./harmonics.js";
import { ask, path } from "./link.js";
import { measured } from "./quantities.js";

const EVERY = 2000; // ms

export class Measured {
  constructor(kind, place, shown = []) {
    this.box = make("div", "measured");
    this.values = make("dl");
    this.harmonics = new Harmonics(place);
    this.box.append(this.values, this.harmonics.box);
    this.from = `/api/v1/${kind}/${path(place)}`;
    this.shown = shown;
    this.timer = setInterval(() => this.look(), EVERY);
    this.look();
  }

  end() {
    clearInterval(this.timer);
    this.harmonics.end();
  }

  async look() {
    let readings;
    try {
      ({ readings } = await ask(this.from));
      await this.harmonics.look();
    } catch {
      this.box.classList.add("old"); // what was read last stays, greyed
      return;
    }
    list(this.values, measured(readings, this.shown));
    this.box.classList.toggle("old", Object.values(readings).some(({ quality }) => quality === "stale"));
  }
}

// All that is measured at a place, asked anew while its dialog is open.

import { list, make } from "./element.js";
import { ask } from "./link.js";
import { measured } from "./quantities.js";

const EVERY = 2000; // ms

export class Measured {
  constructor(kind, path, shown = []) {
    this.box = make("dl", "measured");
    this.from = `/api/v1/${kind}/${path.split("/").map(encodeURIComponent).join("/")}`;
    this.shown = shown;
    this.timer = setInterval(() => this.look(), EVERY);
    this.look();
  }

  end() { clearInterval(this.timer); }

  async look() {
    let readings;
    try {
      ({ readings } = await ask(this.from));
    } catch {
      this.box.classList.add("old"); // what was read last stays, greyed
      return;
    }
    list(this.box, measured(readings, this.shown));
    this.box.classList.toggle("old", Object.values(readings).some(({ quality }) => quality === "stale"));
  }
}

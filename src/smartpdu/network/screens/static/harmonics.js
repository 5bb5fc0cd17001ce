// The harmonics of a place as bars, a picture for each quantity; nothing where none is sampled.

import { color, drawer, lettering, tip } from "./drawing.js";
import { label, make, set } from "./element.js";
import { ask, path } from "./link.js";
import { called } from "./quantities.js";
import { number, say } from "./words.js";

const HIGHEST = 25; // order that is drawn; the rest is told over the API
const LARGEST = 4; // that a screen reader tells

export class Harmonics {
  constructor(place) {
    this.box = make("div", "harmonics");
    this.from = `/api/v1/spectra/${path(place)}`;
    this.pictures = new Map();
  }

  end() {
    this.over = true;
    for (const { chart } of this.pictures.values()) chart.dispose();
    this.pictures.clear();
  }

  async look() {
    const spectra = (await ask(this.from)).filter(({ fundamental }) => fundamental !== null);
    const picture = spectra.length ? await drawer() : undefined;
    if (this.over) return;
    const there = new Set(spectra.map(({ quantity }) => quantity));
    for (const [quantity, { figure, chart }] of this.pictures) {
      if (there.has(quantity)) continue;
      chart.dispose();
      figure.remove();
      this.pictures.delete(quantity);
    }
    for (const spectrum of spectra) this.draw(spectrum, picture);
  }

  draw({ quantity, harmonics }, picture) {
    if (!this.pictures.has(quantity)) this.pictures.set(quantity, this.begun(picture));
    const { chart, caption, plot } = this.pictures.get(quantity);
    const orders = harmonics.slice(1, HIGHEST).map((share, n) => [n + 2, share]);
    set(caption, `${called(quantity)}: ${say("harmonics")}`);
    label(plot, `${caption.textContent}: ${told(orders)}`);
    const text = lettering(11);
    chart.setOption({
      animation: false,
      textStyle: text,
      grid: { left: 34, right: 4, top: 8, bottom: 20 },
      tooltip: { ...tip(text, (v) => number(v, 2, "%")), axisPointer: { type: "shadow" } },
      xAxis: { type: "category", data: orders.map(([order]) => String(order)), axisTick: { show: false }, axisLabel: text },
      yAxis: { type: "value", min: 0, splitNumber: 2, axisLabel: text, splitLine: { lineStyle: { color: color("line") } } },
      series: [{ type: "bar", color: color("feed-1"), data: orders.map(([, share]) => share) }],
    });
  }

  begun(picture) {
    const figure = make("figure");
    const caption = make("figcaption");
    const plot = make("div", "plot");
    plot.setAttribute("role", "img");
    figure.append(caption, plot);
    this.box.append(figure);
    return { figure, caption, plot, chart: picture(plot) };
  }
}

// The largest, for who does not see the picture.
function told(orders) {
  const known = orders.filter(([, share]) => share !== null).sort(([, a], [, b]) => b - a);
  return known.slice(0, LARGEST).map(([order, share]) => `${order}: ${number(share, 2, "%")}`).join(", ");
}

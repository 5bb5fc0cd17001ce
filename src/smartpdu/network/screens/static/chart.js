// Power of the feeds in the last hour; the library draws, this file hands it the numbers.

import { color, drawer, lettering, tip } from "./drawing.js";
import { byId, label, set } from "./element.js";
import { ask, of } from "./link.js";
import { feedName } from "./plan.js";
import { clock, number, say, tongue } from "./words.js";

const HOUR = 3600000; // ms
const SPAN = 10000; // ms of one point, as the program tells the past
const LONGEST = 18; // characters of a name in the legend
const LEAST = 5 * 60000; // ms that are shown at least, when the record has only begun

export class PowerChart {
  async build(plan) {
    const other = this.plan?.rack !== plan.rack || this.plan?.mark !== plan.mark;
    this.plan = plan;
    byId("power-title").textContent = say("power_hour");
    if (other) await this.past();
    else this.draw();
  }

  // The program's own memory is the truth: asked for at the start and whenever ticks were missed.
  async past() {
    const { plan } = this;
    this.points = [];
    this.span = this.drawn = undefined;
    try {
      await this.begin();
      const told = await ask(`/screen/power${of(plan.rack)}`);
      if (plan.mark !== this.plan.mark || plan.rack !== this.plan.rack) return;
      const rows = plan.feeds.map((feed) => told.feeds.find((one) => one.path === feed.path)?.power ?? []);
      const past = told.at.map((at, spot) => [new Date(at).getTime(), ...rows.map((row) => row[spot] ?? null)]);
      const end = past.at(-1)?.[0] ?? 0;
      this.points = [...past, ...this.points.filter(([at]) => at > end)];
      this.failed = false;
    } catch {
      this.failed = true;
      set(byId("power-note"), say("chartless"));
    }
    this.draw();
  }

  async begin() {
    if (this.chart) return;
    const picture = await drawer();
    this.chart ??= picture(byId("power"));
    new ResizeObserver(() => this.chart.resize()).observe(byId("power"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  // A live point is the mean of its span, and a gap where nothing was read in it.
  show(tick) {
    if (!this.points) return;
    const at = Math.floor((tick.at * 1000) / SPAN) * SPAN;
    if (this.span?.at !== at) {
      this.span = { at, sums: tick.feeds.map(() => [0, 0]) };
      if (this.points.length && at - this.points.at(-1)[0] > 2 * SPAN) this.points.push([at - SPAN, ...tick.feeds.map(() => null)]);
      this.points.push([at]);
      this.points = this.points.filter(([then]) => then >= at - HOUR);
    }
    tick.feeds.forEach(([power], row) => {
      if (power === null) return;
      this.span.sums[row][0] += power;
      this.span.sums[row][1] += 1;
    });
    this.points[this.points.length - 1] = [at, ...this.span.sums.map(([sum, n]) => (n ? sum / n : null))];
    if (document.hidden || (this.drawn && tick.at - this.drawn < 5)) return;
    this.drawn = tick.at;
    this.draw();
  }

  draw() {
    if (!this.chart) return;
    const few = this.points.filter((point) => point.slice(1).some((v) => v !== null)).length < 3; // no line yet
    const line = (name, tint, value, dash) => ({
      name, type: "line", showSymbol: few, symbol: "circle", symbolSize: 6, connectNulls: false, animation: false, color: tint,
      lineStyle: { width: 2, type: dash }, data: this.points.map((point) => [point[0], value(point)]),
    });
    const labels = this.plan.feeds.map((feed) => feed.label);
    const series = this.plan.feeds.map((feed, row) => {
      const dash = labels.indexOf(feed.label) === row ? "solid" : "dotted"; // of one label, one colour
      return line(feedName(this.plan, feed), color(`feed-${this.plan.tints.get(feed.label)}`), (point) => point[row + 1], dash);
    });
    if (series.length > 1) series.push(line(say("sum"), color("soft"), whole, [4, 4]));
    const end = this.points.at(-1)?.[0] ?? Date.now();
    const first = this.points.find((point) => point.slice(1).some((v) => v !== null))?.[0] ?? end;
    const start = Math.max(end - HOUR, Math.min(first, end - LEAST));
    const text = lettering(12);
    this.chart.setOption({
      textStyle: text,
      grid: { left: 56, right: 16, top: 34, bottom: 26 },
      legend: { // each with the stroke of its line
        top: 0, left: 0, itemHeight: 3, itemWidth: 22, itemStyle: { opacity: 0 }, textStyle: text, formatter: shortened, tooltip: { show: true },
      },
      tooltip: tip(text, (v) => number(v === null ? null : v / 1000, 2, "kW")),
      xAxis: {
        type: "time", min: start, max: end, minInterval: (end - start) / (byId("power").clientWidth < 420 ? 4 : 8), splitNumber: 4,
        axisLabel: { ...text, hideOverlap: true, formatter: (at) => clock(at) }, splitLine: { show: false },
      },
      yAxis: {
        type: "value", min: 0, splitNumber: 4, splitLine: { lineStyle: { color: color("line") } },
        axisLabel: { ...text, formatter: (v) => `${(v / 1000).toLocaleString(tongue())} kW` },
      },
      series,
    }, { replaceMerge: ["series"] });
    set(byId("power-note"), this.failed ? say("chartless") : empty(this.points) ? say("gap") : "");
    label(byId("power"), this.told(series));
  }

  // What a screen reader says in place of the picture.
  told(series) {
    return [say("power_hour"), ...series.map(({ name, data }) => {
      const values = data.map(([, value]) => (value === null ? null : value / 1000));
      const now = values.at(-1) ?? null;
      const known = values.filter((value) => value !== null);
      const range = known.length ? `, ${number(Math.min(...known), 1)} – ${number(Math.max(...known), 1, "kW")}` : "";
      return `${name}: ${now === null ? say("gap") : number(now, 1, "kW")}${range}`;
    })].join("; ");
  }
}

function shortened(name) { return name.length > LONGEST ? `${name.slice(0, LONGEST - 9)}…${name.slice(-8)}` : name; }

function empty(points) { return points.every((point) => point.slice(1).every((v) => v === null)); }

function whole(point) {
  const values = point.slice(1);
  return values.length && values.every((v) => v !== null) ? values.reduce((a, b) => a + b, 0) : null;
}

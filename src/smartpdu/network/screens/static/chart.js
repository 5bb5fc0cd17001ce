// Power of the feeds in the last hour; the library draws, this file hands it the numbers.

import { number, say, tongue } from "./words.js";

const HOUR = 3600 * 1000;

export class PowerChart {
  constructor(box, plan) {
    this.box = box;
    this.plan = plan;
    this.rows = plan.feeds.map(() => []);
    this.sum = [];
  }

  async start() {
    const [library, past] = await Promise.all([
      import("/screen/charts/index.js"),
      fetch("/screen/power").then((answer) => answer.json()),
    ]);
    const echarts = library.echarts ?? library.default ?? library;
    this.chart = echarts.init(this.box, null, { renderer: "svg" });
    new ResizeObserver(() => this.chart.resize()).observe(this.box);
    past.at.forEach((at, spot) => {
      const values = this.plan.feeds.map((f) => past.feeds.find((p) => p.path === f.path)?.power[spot] ?? null);
      this.take(new Date(at).getTime(), values);
    });
    this.draw();
  }

  add(tick) {
    if (!this.chart) return;
    this.take(tick.at * 1000, tick.feeds.map((f) => f[0]));
    const first = tick.at * 1000 - HOUR;
    for (const row of [...this.rows, this.sum]) while (row.length && row[0][0] < first) row.shift();
    if (!this.last || tick.at - this.last >= 5) {
      this.last = tick.at;
      this.draw();
    }
  }

  take(at, values) {
    values.forEach((value, row) => this.rows[row].push([at, value]));
    const whole = values.every((v) => v !== null) ? values.reduce((a, b) => a + b, 0) : null;
    this.sum.push([at, whole]);
  }

  draw() {
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--soft").trim();
    const color = (label) => style.getPropertyValue(`--feed-${label.toLowerCase()}`).trim() || ink;
    const line = (name, data, tint, dash) => ({
      name, data, type: "line", showSymbol: false, connectNulls: false, animation: false,
      lineStyle: { width: 2, type: dash }, color: tint,
    });
    const feeds = this.plan.feeds.map((f, row) => line(f.label, this.rows[row], color(f.label), "solid"));
    this.chart.setOption({
      textStyle: { fontFamily: "inherit", color: ink },
      grid: { left: 52, right: 12, top: 34, bottom: 26 },
      legend: { top: 0, left: 0, icon: "rect", itemHeight: 3, itemWidth: 18, textStyle: { color: ink } },
      tooltip: { trigger: "axis", valueFormatter: (v) => number(v === null ? null : v / 1000, 2, "kW") },
      xAxis: { type: "time", splitNumber: 6, axisLabel: { color: ink, hideOverlap: true, formatter: "{HH}:{mm}" }, splitLine: { show: false } },
      yAxis: {
        type: "value", min: 0, axisLabel: { color: ink, formatter: (v) => (v / 1000).toLocaleString(tongue()) + " kW" },
        splitLine: { lineStyle: { color: style.getPropertyValue("--line").trim() } },
      },
      series: [...feeds, line(say("sum"), this.sum, ink, "dashed")],
    }, { replaceMerge: ["series"] });
  }
}

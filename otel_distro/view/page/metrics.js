// The service's real /metrics: counters as rates, histograms as heatmap and percentiles, exemplars that lead to traces.

import { colour, heatmap, lines } from "./chart.js";
import { copyButton, h, put } from "./dom.js";
import { ms, short } from "./format.js";
import { ask, url } from "./state.js";

const FIRST = ["http_server_request_duration_seconds", "http_server_active_requests"];
const SPANS = [5, 15, 60];

export async function open(parameters) {
  const found = await ask("metrics", { service: parameters.service });
  if (!found.length) return { content: h("div", { class: "empty" }, h("h1", {}, "No metrics yet"), h("p", {}, "They are read from the service's own /metrics once a second.")), refresh: async () => { if ((await ask("metrics", { service: parameters.service })).length) dispatchEvent(new Event("moved")); } };
  const name = parameters.name || FIRST.find((wanted) => found.some((item) => item.name === wanted)) || found[0].name;
  const view = new Metric(name, parameters);
  await view.load();
  return { content: h("div", {}, h("div", { class: "head" }, h("h1", {}, "Metrics"), h("span", { class: "quiet" }, `${found.length} names`)), h("div", { class: "metrics" }, names(found, name, parameters), view.place)), refresh: () => view.refresh(), ready: () => view.draw(), draw: () => view.draw() };
}

function names(found, current, parameters) {
  const links = found.map((item) => h("a", { href: url("metrics", { name: item.name, minutes: parameters.minutes }), title: item.help, "aria-current": item.name === current ? "true" : false }, item.name, h("span", {}, `${item.kind} ${item.series}`)));
  const search = h("input", { type: "search", class: "wide", placeholder: "Find a metric  ( / )", "aria-label": "Find a metric", oninput: () => links.forEach((link) => { link.hidden = !link.textContent.includes(search.value); link.style.display = link.hidden ? "none" : ""; }) });
  return h("div", {}, search, h("nav", { class: "card list", "aria-label": "Metrics", style: { display: "block", "margin-top": "8px" } }, links));
}

class Metric {
  constructor(name, parameters) {
    this.name = name;
    this.parameters = parameters;
    this.canvas = h("canvas", { role: "img" });
    this.dots = h("div");
    this.caption = h("figcaption");
    this.legend = h("div", { class: "legend" });
    this.top = h("div", { class: "head" });
    this.place = h("div", {}, this.top, h("figure", { class: "card chart" }, this.canvas, this.dots, this.caption), this.legend);
  }

  async load() {
    const minutes = this.parameters.minutes || 5;
    [this.metric, this.starts] = await Promise.all([ask("metric", { name: this.name, service: this.parameters.service, minutes }), ask("starts")]);
    put(this.top, h("h2", {}, this.name), h("div", { class: "right" },
      h("div", { class: "chips" }, SPANS.map((span) => h("a", { href: url("metrics", { name: this.name, minutes: span }), "aria-current": String(minutes) === String(span) ? "true" : false }, `${span} min`))),
      copyButton("copy as PromQL", promql(this.metric, this.parameters.service))));
  }

  async refresh() {
    if (document.activeElement?.classList.contains("exemplar")) return; // somebody is about to open it
    await this.load();
    this.draw();
  }

  draw() {
    const { metric } = this;
    if (!this.canvas.clientWidth) return;
    if (metric.kind === "histogram") this.histogram();
    else {
      lines(this.canvas, metric, this.starts);
      put(this.dots);
      put(this.legend, metric.series.map((series, number) => h("span", {}, h("i", { style: { background: colour(number) } }), `${series.service} ${labels(series.labels)}`, h("b", { class: "mono" }, ` ${series.points.length ? short(series.points.at(-1)[1]) : "–"}`))));
    }
    const text = `${metric.help || metric.name}${metric.kind === "counter" ? ", per second" : ""}`;
    put(this.caption, text);
    this.canvas.setAttribute("aria-label", `${metric.name}: ${text}. ${this.legend.textContent}`);
  }

  histogram() {
    const { metric } = this;
    const { x, place } = heatmap(this.canvas, metric, this.starts);
    const exemplars = metric.exemplars.slice(0, 60);
    put(this.dots, exemplars.map((item, number) => h("a", { class: "exemplar", id: `exemplar-${number}`, href: url("trace", { id: item.trace_id }), "aria-label": `trace of ${short(item.value)}`, title: `${short(item.value)}: open its trace`, style: { left: `${14 + x(item.time_ms)}px`, top: `${14 + place(item.value)}px` } })));
    const last = metric.percentiles.filter(Boolean).at(-1);
    const unit = (value) => (metric.name.endsWith("_seconds") ? ms(value * 1000) : short(value));
    put(this.legend, ["p50", "p95", "p99"].map((name, number) => h("span", {}, h("i", { style: { background: colour(number + 1) } }), name, h("b", { class: "mono" }, ` ${last ? unit(last[name]) : "–"}`))), h("span", { class: "quiet" }, `${exemplars.length} exemplars: dots open their traces; dashed: a process began`));
  }
}

const labels = (found) => Object.entries(found).map(([name, value]) => `${name}=${value}`).join(" ");

function promql(metric, service) {
  const chosen = service ? `{service_name=${JSON.stringify(service)}}` : "";
  if (metric.kind === "histogram") return `histogram_quantile(0.95, sum by (le) (rate(${metric.name}_bucket${chosen}[5m])))`;
  return metric.kind === "counter" ? `sum(rate(${metric.name}${chosen}[5m]))` : `${metric.name}${chosen}`;
}

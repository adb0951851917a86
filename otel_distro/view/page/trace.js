// One request: its waterfall, with its lines inside. Only the rows in sight exist, so that 10,000 spans scroll.

import { copyButton, h, put, say } from "./dom.js";
import { clock, level, many, ms, shown } from "./format.js";
import { named } from "./requests.js";
import { share } from "./share.js";
import { ask, go, url } from "./state.js";
import { traceback } from "./traceback.js";
import { key, rowsOf } from "./tree.js";

const HEIGHT = 28;
const MORE = 12; // rows beyond those in sight

export async function open(parameters) {
  const view = new Trace(parameters);
  await view.load();
  return { content: view.place, refresh: () => view.refresh(), step: (by) => view.select(view.at + by), ready: () => view.draw(), draw: () => view.draw() };
}

class Trace {
  constructor(parameters) {
    this.parameters = parameters;
    this.opened = new Set();
    this.at = -1;
    this.sizer = h("div", { class: "sizer", role: "presentation" });
    this.fall = h("div", { class: "fall", role: "listbox", tabindex: 0, "aria-label": "Spans and lines", onscroll: () => this.draw(), onkeydown: (event) => this.key(event) }, this.sizer);
    this.detail = h("section", { class: "card detail", "aria-label": "Details", tabindex: 0 });
    this.title = h("div", { class: "head" });
    this.ruler = h("div", { class: "ruler", "aria-hidden": "true" });
    this.search = h("input", { type: "search", placeholder: "Search in this trace  ( / )", "aria-label": "Search in this trace", oninput: () => this.find() });
    this.place = h("div", {}, this.title, h("div", { class: "split" }, h("div", { class: "card" }, this.ruler, this.fall), this.detail));
  }

  async load() {
    this.trace = await ask("trace", { id: this.parameters.id === "last" ? "" : this.parameters.id });
    this.services = new Map(this.trace.services.map((name, number) => [name, number % 6]));
    this.rows = rowsOf(this.trace, this.opened);
    this.size = `${this.trace.spans.length}/${this.trace.logs.length}`;
    this.head();
    if (!this.rows.length) { put(this.detail, h("p", { class: "quiet" }, "Nothing of this trace is here: it was forgotten, not sampled, or has not ended.")); return; }
    const wanted = this.rows.findIndex((row) => row.log && String(row.log.seq) === this.parameters.line);
    const failed = this.rows.findIndex((row) => (row.log ? row.log.severity >= 17 : row.span.failed && row.span.events.length));
    this.select(Math.max(wanted, wanted < 0 ? Math.max(failed, 0) : 0), { quiet: true });
  }

  async refresh() {
    if (this.trace.complete && Date.now() - this.trace.start_ms - this.trace.duration_ms > 10_000) return; // it has ended
    const before = this.rows[this.at];
    const fresh = await ask("trace", { id: this.trace.trace_id });
    if (`${fresh.spans.length}/${fresh.logs.length}` === this.size) return;
    this.parameters = { ...this.parameters, id: fresh.trace_id };
    await this.load();
    const again = this.rows.findIndex((row) => row.kind === before?.kind && (row.log ? row.log.seq === before.log.seq : row.span.span_id === before.span?.span_id));
    if (again >= 0) this.select(again, { quiet: true });
    this.draw();
  }

  head() {
    const { trace } = this;
    const first = trace.spans[0];
    put(this.title,
      h("h1", {}, first ? named(first.name) : "Trace"),
      h("span", { class: `pill ${trace.failed ? "bad" : ""}` }, trace.failed ? "failed" : trace.complete ? "ok" : "not complete"),
      h("span", { class: "mono" }, ms(trace.duration_ms)),
      h("span", { class: "quiet" }, `${clock(trace.start_ms)} · ${many(trace.spans.length, "span")} · ${many(trace.logs.length, "line")}`),
      trace.services.map((name) => h("span", { class: "pill" }, h("span", { class: `dot s${this.services.get(name)}` }), name)),
      h("div", { class: "right" }, this.search,
        h("a", { href: url("logs", { trace_id: trace.trace_id, service: "" }) }, h("span", { class: "pill" }, "lines")),
        h("a", { href: url("compare", { a: trace.trace_id }) }, h("span", { class: "pill" }, "compare")),
        h("a", { href: `/api/export?id=${trace.trace_id}`, download: `trace-${trace.trace_id}.json` }, h("span", { class: "pill" }, "OTLP")),
        h("button", { type: "button", onclick: () => share(this) }, "HTML file")));
    put(this.ruler, [0, 0.25, 0.5, 0.75].map((part) => h("span", { style: { left: `calc((100% - 64px) * ${part})` } }, part ? ms(trace.duration_ms * part) : "0")));
  }

  draw() {
    const height = this.fall.clientHeight || 600;
    const first = Math.max(0, Math.floor(this.fall.scrollTop / HEIGHT) - MORE);
    const last = Math.min(this.rows.length, Math.ceil((this.fall.scrollTop + height) / HEIGHT) + MORE);
    this.sizer.style.height = `${this.rows.length * HEIGHT}px`;
    this.sizer.replaceChildren(...this.rows.slice(first, last).map((row, offset) => this.line(row, first + offset)));
    if (this.at >= first && this.at < last) this.fall.setAttribute("aria-activedescendant", `row-${this.at}`);
    else this.fall.removeAttribute("aria-activedescendant");
  }

  line(row, number) {
    const bad = row.kind === "log" ? level(row.log.severity) : row.span.failed ? "bad" : "";
    const text = row.kind === "log" ? row.log.body : row.kind === "run" ? `${row.run.count} × ${row.run.name}` : row.span.name;
    const service = this.services.get(row.log ? row.log.service : row.span.service);
    return h("div", { class: `line ${row.kind} ${bad} ${this.hidden?.has(number) ? "dim" : ""}`, id: `row-${number}`, role: "option", "aria-selected": String(number === this.at), "aria-setsize": this.rows.length, "aria-posinset": number + 1, style: { top: `${number * HEIGHT}px` }, onclick: () => this.select(number) },
      h("div", { class: "name", style: { "padding-left": `${10 + Math.min(row.depth, 24) * 14}px` } },
        row.kind === "log" ? h("span", { class: "mono quiet" }, (row.log.level || "log").replace("warning", "warn").slice(0, 8)) : h("span", { class: `svc s${service}` }),
        h("span", { class: "text" }, text), row.kind === "run" ? h("span", { class: "pill" }, row.run.query ? "N+1?" : "run") : null),
      h("div", { class: "time" }, this.mark(row, bad, service)));
  }

  mark(row, bad, service) {
    const { start_ms: begin, duration_ms: all } = this.trace;
    const left = (at) => Math.max(0, Math.min(100, (100 * (at - begin)) / (all || 1)));
    if (row.kind === "log") return h("span", { class: `tick ${bad}`, style: { left: `${left(row.log.time_ms)}%` } });
    const took = row.kind === "run" ? row.run.total_ms : row.span.duration_ms;
    const width = Math.min(100 - left(row.span.start_ms), (100 * took) / (all || 1));
    return [h("span", { class: `bar ${bad || `s${service}`}`, style: { left: `${left(row.span.start_ms)}%`, width: `${width}%` } }),
      h("span", { class: "took", style: place(left(row.span.start_ms), width) }, ms(took))];
  }

  select(number, { quiet = false } = {}) {
    if (!this.rows.length) return;
    this.at = Math.max(0, Math.min(this.rows.length - 1, number));
    const top = this.at * HEIGHT;
    if (top < this.fall.scrollTop) this.fall.scrollTop = top;
    else if (top + HEIGHT > this.fall.scrollTop + this.fall.clientHeight && this.fall.clientHeight) this.fall.scrollTop = top + HEIGHT - this.fall.clientHeight;
    this.draw();
    const row = this.rows[this.at];
    put(this.detail, row.kind === "log" ? lineDetail(row.log) : spanDetail(row, this.trace));
    if (!quiet) say(row.log ? row.log.body : `${row.span.name}, ${ms(row.span.duration_ms)}`);
  }

  key(event) {
    const by = { PageDown: 20, PageUp: -20, Home: -1e9, End: 1e9 }[event.key];
    const row = this.rows[this.at];
    if (by) { event.preventDefault(); this.select(this.at + by); }
    else if (event.key === "Enter" && row?.kind === "run") { this.opened.add(key(row.run)); this.rows = rowsOf(this.trace, this.opened); this.draw(); }
    else if (event.key === "Enter" && row?.kind === "log") go(url("logs", { trace_id: row.log.trace_id, service: "" }));
  }

  find() {
    const words = this.search.value.toLowerCase().trim();
    this.hidden = null;
    if (words) {
      const found = this.rows.map((row) => JSON.stringify(row.log || row.run || row.span).toLowerCase().includes(words));
      this.hidden = new Set(found.flatMap((hit, number) => (hit ? [] : [number])));
      say(`${found.filter(Boolean).length} found`);
      const next = found.indexOf(true);
      if (next >= 0) this.select(next, { quiet: true });
    }
    this.draw();
  }
}

// Behind the bar; before it, or inside it, where there is no room behind.
function place(left, width) {
  if (left + width <= 85) return { left: `${left + width}%` };
  return left > 15 ? { right: `${100 - left}%`, "padding-right": "6px" } : { right: `${100 - left - width}%`, "padding-right": "6px", color: "#fff" };
}

function spanDetail(row, trace) {
  const { span } = row;
  const exceptions = span.events.filter((event) => event.attributes["exception.stacktrace"]);
  return [
    h("h2", {}, span.name), h("p", { class: "quiet" }, `${span.service} · ${span.kind} · +${ms(span.start_ms - trace.start_ms)} · ${ms(span.duration_ms)}`),
    span.message ? h("p", { class: "raised" }, span.message) : null,
    row.kind === "run" ? h("p", {}, `${row.run.count} times, ${ms(row.run.total_ms)} together. Enter shows each.`) : null,
    exceptions.map((event) => traceback(event.attributes["exception.stacktrace"])),
    fields(span.attributes),
    span.events.filter((event) => !exceptions.includes(event)).map((event) => h("details", {}, h("summary", {}, `${event.name} · +${ms(Number(event.time) / 1e6 - trace.start_ms)}`), fields(event.attributes))),
    span.links.map((link) => h("p", {}, "linked: ", h("a", { href: url("trace", { id: link.trace_id }) }, link.trace_id))),
    h("p", { class: "quiet mono" }, `trace ${span.trace_id}`, h("br"), `span ${span.span_id}`), h("p", { class: "quiet" }, span.scope),
  ];
}

export function lineDetail(line) {
  const { "exception.stacktrace": stack, ...rest } = line.attributes;
  const query = `{service_name=${JSON.stringify(line.service)}}${line.trace_id ? ` | trace_id=${JSON.stringify(line.trace_id)}` : ""} |= ${JSON.stringify(line.body)}`;
  return [h("h2", {}, line.body), h("p", { class: level(line.severity) }, `${line.level} · ${clock(line.time_ms)} · ${line.service} · ${line.logger}`),
    stack ? traceback(String(stack)) : null, fields(rest),
    h("div", { class: "chips" }, copyButton("copy as LogQL", query))];
}

const fields = (attributes) => h("dl", {}, Object.entries(attributes).map(([name, value]) => [h("dt", {}, name), h("dd", {}, shown(value))]));

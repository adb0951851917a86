// Lines: searched, followed; each leads to its trace.

import { h, put } from "./dom.js";
import { clock, level, shown } from "./format.js";
import { ask, go, url } from "./state.js";
import { lineDetail } from "./trace.js";

const KEPT = 1000;
const LEVELS = ["", "debug", "info", "warning", "error"];

export async function open(parameters) {
  const { q, level: least, logger, service, trace_id } = parameters;
  const wanted = { q, level: least, logger, service, trace_id, limit: 500 };
  const found = await ask("logs", wanted);
  let last = newest(found, 0);
  let count = found.length;
  const list = h("div", { class: "card lines" });
  const said = h("span", { class: "quiet" });
  const tell = () => { said.textContent = count ? `${count} lines` : "no lines"; };
  const add = (lines) => {
    list.prepend(...lines.map(line).reverse());
    while (list.childElementCount > KEPT) list.lastChild.remove();
    tell();
  };
  add(found);
  const refresh = async () => {
    const fresh = await ask("logs", { ...wanted, after: last || undefined });
    if (!fresh.length) return;
    last = newest(fresh, last);
    count += fresh.length;
    add(fresh);
  };
  return { content: h("div", {}, h("div", { class: "head" }, h("h1", {}, "Logs"), said, form(parameters)), list), refresh };
}

const newest = (lines, last) => lines.reduce((most, row) => Math.max(most, row.seq), last);

function form(parameters) {
  const search = h("input", { type: "search", name: "q", value: parameters.q || "", placeholder: "words, field=value  ( / )", "aria-label": "Search lines" });
  const least = h("select", { name: "level", "aria-label": "Level" }, LEVELS.map((name) => h("option", { value: name, selected: name === (parameters.level || "") }, name ? `${name} and worse` : "every level")));
  const send = () => go(url("logs", { q: search.value, level: least.value, logger: parameters.logger, trace_id: parameters.trace_id }), { replace: true });
  least.addEventListener("change", send);
  const filters = ["trace_id", "logger"].filter((name) => parameters[name]).map((name) => h("a", { class: "pill", href: url("logs", { ...parameters, view: undefined, [name]: undefined }) }, `${name}=${parameters[name].slice(0, 24)} ✕`));
  return h("form", { class: "bar-form", role: "search", onsubmit: (event) => { event.preventDefault(); send(); } }, search, least, h("button", {}, "Search"), filters);
}

function line(row) {
  const fields = Object.entries(row.attributes).filter(([name]) => !name.startsWith("exception.")).map(([name, value]) => `${name}=${shown(value)}`).join(" ");
  const more = h("div", { class: "more" });
  const details = h("details", { id: `line-${row.seq}` }, h("summary", {},
    h("span", {}, clock(row.time_ms)), h("span", { class: `what ${level(row.severity)}` }, row.level || "–"), h("span", { class: "who" }, row.service),
    h("span", { class: "body" }, row.body, h("span", { class: "fields" }, `  ${fields}`))), more);
  details.addEventListener("toggle", () => {
    if (details.open && !more.childElementCount) put(more, row.trace_id ? h("p", {}, h("a", { href: url("trace", { id: row.trace_id, line: row.seq }) }, "open its trace")) : null, lineDetail(row),
      h("p", {}, h("a", { href: url("logs", { logger: row.logger }) }, `only lines of ${row.logger || "no logger"}`)));
  });
  return details;
}

// Routes first; a route's requests; those that have not ended.

import { h, put, table } from "./dom.js";
import { clock, ms, short } from "./format.js";
import { ask, url } from "./state.js";

export async function open(parameters) {
  const place = h("div");
  const refresh = async () => put(place, await (parameters.route ? ofRoute(parameters) : routes(parameters)));
  await refresh();
  return { content: place, refresh };
}

async function routes({ service }) {
  const [found, running] = await Promise.all([ask("routes", { service }), ask("in-flight")]);
  if (!found.length && !running.length) return empty();
  const slowest = Math.max(...found.map((row) => row.p99), 0.001);
  return [
    h("div", { class: "head" }, h("h1", {}, "Requests"), h("span", { class: "quiet" }, `${found.reduce((sum, row) => sum + row.count, 0)} in ${found.length} routes`)),
    running.length ? inFlight(running) : null,
    table("Routes", [["Route"], ["Service", "hide-narrow"], ["Count", "num"], ["Per second", "num hide-narrow"], ["Failed", "num"], ["p50", "num hide-narrow"], ["p95", "num"], ["p99", "num hide-narrow"], ["Max", "num hide-narrow"]], found.map((row) => route(row, slowest))),
  ];
}

function route(row, slowest) {
  const address = url("requests", { of: row.service, route: row.route });
  return h("tr", {},
    h("td", {}, h("a", { class: "row", href: address, id: `route-${row.service}-${row.route}` }, named(row.route)), h("span", { class: `meter ${row.errors ? "bad" : ""}`, style: { width: `${Math.max(1, (100 * row.p99) / slowest)}%` } })),
    h("td", { class: "quiet hide-narrow" }, row.service),
    h("td", { class: "num" }, row.count), h("td", { class: "num hide-narrow" }, short(row.per_second)),
    h("td", { class: `num ${row.errors ? "bad" : "quiet"}` }, row.errors || "–"),
    h("td", { class: "num hide-narrow" }, ms(row.p50)), h("td", { class: "num" }, ms(row.p95)), h("td", { class: "num hide-narrow" }, ms(row.p99)), h("td", { class: "num hide-narrow" }, ms(row.max)));
}

export function named(name) {
  const [method, ...rest] = name.split(" ");
  return rest.length && /^[A-Z]+$/.test(method) ? [h("span", { class: "method" }, `${method} `), rest.join(" ")] : [name];
}

function inFlight(running) {
  return h("section", { class: "flight", "aria-label": "In flight" }, h("h2", {}, h("span", { class: "dot pulse" }), `In flight: ${running.length}`),
    table("Requests that have not ended", [["First line"], ["Service", "hide-narrow"], ["Lines", "num"], ["For", "num"]], running.slice(0, 10).map((row) => h("tr", {},
      h("td", {}, h("a", { class: "row", href: url("trace", { id: row.trace_id }), id: `flight-${row.trace_id}` }, row.first_line)),
      h("td", { class: "quiet hide-narrow" }, row.service), h("td", { class: "num" }, row.lines), h("td", { class: "num" }, ms(row.running_ms))))));
}

const ORDERS = { failed: "failed first", slow: "slowest first", new: "newest first" };

async function ofRoute({ of, service = of, route, order = "failed", min_ms }) {
  const found = await ask("requests", { service, route, order, min_ms });
  const slowest = Math.max(...found.map((row) => row.duration_ms), 0.001);
  return [
    h("div", { class: "head" }, h("h1", {}, named(route)), h("span", { class: "quiet" }, service),
      h("div", { class: "right chips" }, Object.entries(ORDERS).map(([name, text]) => h("a", { href: url("requests", { of, route, order: name }), "aria-current": name === order ? "true" : false }, text)))),
    table("Requests of this route", [["Began"], ["Duration"], ["Status"], ["Path", "hide-narrow"], ["Trace", "hide-narrow"]], found.map((row) => request(row, slowest))),
  ];
}

function request(row, slowest) {
  const status = row.attributes["http.response.status_code"] ?? (row.failed ? "failed" : "ok");
  return h("tr", {},
    h("td", { class: "mono" }, h("a", { class: "row", href: url("trace", { id: row.trace_id }), id: `request-${row.span_id}` }, clock(row.start_ms))),
    h("td", { class: "mono" }, ms(row.duration_ms), h("span", { class: `meter ${row.failed ? "bad" : ""}`, style: { width: `${Math.max(1, (100 * row.duration_ms) / slowest)}%` } })),
    h("td", {}, h("span", { class: `pill ${row.failed ? "bad" : ""}` }, String(status))),
    h("td", { class: "mono hide-narrow" }, row.attributes["url.path"] ?? row.attributes["messaging.destination.name"] ?? ""), h("td", { class: "mono quiet hide-narrow" }, row.trace_id.slice(0, 16)));
}

function empty() {
  return h("div", { class: "empty" }, h("h1", {}, "Nothing yet"), h("p", {}, "Requests appear here a moment after they end."), h("code", {}, "otel-distro run --view uvicorn app:app"));
}

// Before and after the newest start, or another; and two traces side by side.

import { h, put, table } from "./dom.js";
import { clock, ms } from "./format.js";
import { named } from "./requests.js";
import { ask, go, url } from "./state.js";

export async function open(parameters) {
  const place = h("div");
  const refresh = async () => put(place, await (parameters.a ? traces(parameters) : starts(parameters)));
  await refresh();
  return { content: place, refresh: parameters.a ? undefined : refresh };
}

async function starts({ at, service }) {
  const found = await ask("compare", { at, service });
  if (!found.routes.length) return h("div", { class: "empty" }, h("h1", {}, "Nothing to compare yet"), h("p", {}, "Send some requests, change the code, send them again."));
  const choose = h("select", { id: "at", "aria-label": "Before and after", onchange: (event) => go(url("compare", { at: event.target.value })) },
    found.starts.slice(0, 30).map((start) => h("option", { value: start.time_ms - 500, selected: Math.abs(start.time_ms - 500 - found.at_ms) < 1 }, `${clock(start.time_ms, false)}  ${start.service} began`)));
  return [h("div", { class: "head" }, h("h1", {}, "Before and after"), choose),
    table("Routes before and after", [["Route"], ["Service", "hide-narrow"], ["Count", "num"], ["p50 before", "num hide-narrow"], ["p50 after", "num hide-narrow"], ["p95 before", "num hide-narrow"], ["p95 after", "num hide-narrow"], ["p95", "num"], ["Failed", "num"]], found.routes.map(row))];
}

function row({ service, route, before, after }) {
  const change = before && after ? (100 * (after.p95 - before.p95)) / (before.p95 || 1) : null;
  const tone = change === null || Math.abs(change) < 10 ? "quiet" : change > 0 ? "bad" : "good";
  const share = (side) => (side ? `${((100 * side.errors) / side.count).toFixed(0)} %` : "–");
  return h("tr", {}, h("td", {}, h("a", { class: "row", href: url("requests", { of: service, route }), id: `compare-${service}-${route}` }, named(route))), h("td", { class: "quiet hide-narrow" }, service),
    h("td", { class: "num" }, `${before?.count ?? 0} → ${after?.count ?? 0}`), h("td", { class: "num hide-narrow" }, ms(before?.p50)), h("td", { class: "num hide-narrow" }, ms(after?.p50)), h("td", { class: "num hide-narrow" }, ms(before?.p95)), h("td", { class: "num hide-narrow" }, ms(after?.p95)),
    h("td", { class: `num ${tone}` }, change === null ? (after ? "new" : "gone") : `${change > 0 ? "+" : ""}${change.toFixed(0)} %`), h("td", { class: "num" }, `${share(before)} → ${share(after)}`));
}

async function traces({ a, b }) {
  const one = await ask("trace", { id: a });
  const name = one.spans[0]?.name;
  const others = name ? await ask("requests", { route: name, order: "new", limit: 50 }) : [];
  const other = b || others.find((item) => item.trace_id !== a)?.trace_id;
  const two = other ? await ask("trace", { id: other }) : { spans: [], duration_ms: 0 };
  const sums = [one, two].map(group);
  const names = [...new Set([...sums[0].keys(), ...sums[1].keys()])];
  const choose = h("select", { "aria-label": "Compare with", onchange: (event) => go(url("compare", { a, b: event.target.value })) }, others.filter((item) => item.trace_id !== a).map((item) => h("option", { value: item.trace_id, selected: item.trace_id === other }, `${clock(item.start_ms)}  ${ms(item.duration_ms)}${item.failed ? "  failed" : ""}`)));
  return [h("div", { class: "head" }, h("h1", {}, "Two traces: ", named(name || "")), h("a", { class: "mono", href: url("trace", { id: a }) }, ms(one.duration_ms)), h("span", { class: "quiet" }, "and"), other ? h("a", { class: "mono", href: url("trace", { id: other }) }, ms(two.duration_ms)) : "no other", choose),
    table("Spans of both traces", [["Span"], ["Count", "num"], ["This", "num"], ["The other", "num"], ["Difference", "num"]], names.map((key) => {
      const [x, y] = sums.map((sum) => sum.get(key) || { count: 0, total: 0 });
      return h("tr", {}, h("td", {}, key), h("td", { class: "num" }, `${x.count} / ${y.count}`), h("td", { class: "num" }, ms(x.total)), h("td", { class: "num" }, ms(y.total)), h("td", { class: `num ${x.total > y.total ? "bad" : "good"}` }, `${x.total >= y.total ? "+" : "−"}${ms(Math.abs(x.total - y.total))}`));
    }))];
}

function group(trace) {
  const found = new Map();
  for (const span of trace.spans) {
    const key = `${span.service}  ${span.name}`;
    const sum = found.get(key) || { count: 0, total: 0 };
    found.set(key, { count: sum.count + 1, total: sum.total + span.duration_ms });
  }
  return found;
}

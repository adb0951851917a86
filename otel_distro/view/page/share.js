// One self-contained file of a trace: no script, no request, opens anywhere.

import { clock, level, ms, shown } from "./format.js";
import { rowsOf } from "./tree.js";
import { h } from "./dom.js";

export async function share({ trace }) {
  const style = await (await fetch("/style.css")).text();
  const rows = rowsOf(trace, new Set());
  const page = h("main", {}, h("h1", {}, trace.spans[0]?.name || "Trace"), h("p", {}, `${ms(trace.duration_ms)} · ${clock(trace.start_ms)} · ${trace.services.join(", ")} · trace ${trace.trace_id}`), rows.map((row) => one(row, trace)));
  const text = `<!doctype html><html lang="en"><meta charset="utf-8"><title>trace ${trace.trace_id}</title><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><style>${style}</style><body>${page.outerHTML}</body></html>`;
  const address = URL.createObjectURL(new Blob([text], { type: "text/html" }));
  h("a", { href: address, download: `trace-${trace.trace_id}.html` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function one(row, trace) {
  const item = row.log || row.span;
  const text = row.log ? `${row.log.level} ${row.log.body}` : row.run ? `${row.run.count} × ${row.run.name} · ${ms(row.run.total_ms)}` : `${row.span.name} · ${ms(row.span.duration_ms)}`;
  const bad = row.log ? level(row.log.severity) : row.span.failed ? "bad" : "";
  return h("details", { style: { "margin-left": `${row.depth * 18}px` } }, h("summary", { class: bad }, `+${ms(row.at - trace.start_ms)}  ${item.service}  ${text}`), h("pre", { class: "source" }, Object.entries(item.attributes).map(([name, value]) => `${name}: ${shown(value)}\n`), (row.span?.events || []).map((event) => `${event.name}\n${event.attributes["exception.stacktrace"] || ""}\n`)));
}

// A trace as rows: spans, under each its lines and its children in the order of time; runs of the same are one row.

export function rowsOf(trace, opened) {
  const spans = new Map(trace.spans.map((span) => [span.span_id, span]));
  const inRun = new Map();
  for (const run of trace.runs) if (!opened.has(key(run))) for (const id of run.span_ids) inRun.set(id, run);
  const lists = new Map();
  const append = (parent, item) => { if (!lists.has(parent)) lists.set(parent, []); lists.get(parent).push(item); };
  for (const span of trace.spans) {
    const run = inRun.get(span.span_id);
    const parent = spans.has(span.parent_id) ? span.parent_id : "";
    if (!run) append(parent, { kind: "span", at: span.start_ms, span });
    else if (run.span_ids[0] === span.span_id) append(parent, { kind: "run", at: span.start_ms, run, span });
  }
  for (const log of trace.logs) append(spans.has(log.span_id) && !inRun.has(log.span_id) ? log.span_id : "", { kind: "log", at: log.time_ms, log });
  const rows = [];
  const seen = new Set();
  const stack = ordered(lists.get("")).map((item) => [item, 0]).reverse();
  const unplaced = trace.spans.filter((span) => span.depth === 0 && spans.has(span.parent_id)).map((span) => [{ kind: "span", at: span.start_ms, span }, 0]);
  stack.unshift(...unplaced); // of a circle of parents, the one that the viewer put first
  while (stack.length) {
    const [item, depth] = stack.pop();
    if (item.kind === "span" && seen.has(item.span.span_id)) continue;
    if (item.span) seen.add(item.span.span_id);
    rows.push({ ...item, depth });
    if (item.kind === "span") for (const child of ordered(lists.get(item.span.span_id)).reverse()) stack.push([child, depth + 1]);
  }
  return rows;
}

export const key = (run) => `${run.parent_id} ${run.name}`;
const ordered = (list = []) => [...list].sort((a, b) => a.at - b.at);

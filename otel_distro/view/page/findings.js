// What is not as it should be.

import { h, put } from "./dom.js";
import { short } from "./format.js";
import { ask, url } from "./state.js";

export async function open() {
  const place = h("div");
  const refresh = async () => put(place, render(await ask("findings")));
  await refresh();
  return { content: place, refresh };
}

function render(found) {
  if (!found.length) return h("div", { class: "empty" }, h("h1", {}, "Nothing found"), h("p", {}, "No span without its parent, no line without its ids, nothing dropped, no query again and again."));
  return [h("div", { class: "head" }, h("h1", {}, "Findings"), h("span", { class: "quiet" }, `${found.length}`)),
    h("div", { class: "card" }, found.map((item, number) => h("article", { class: "finding" }, h("div", { class: "n" }, short(item.count)),
      h("div", {}, h("div", {}, h("span", { class: "pill" }, item.kind), ` ${item.service || ""}`), h("strong", {}, item.title), h("p", { class: "quiet" }, item.advice), item.trace_id ? h("p", {}, h("a", { id: `finding-${number}`, class: "row", href: url("trace", { id: item.trace_id }) }, "an example")) : null))))];
}

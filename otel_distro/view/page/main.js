// Which view is shown, what keeps it fresh, and the keys.

import { h, put } from "./dom.js";
import { ask, current, go, url } from "./state.js";
import * as requests from "./requests.js";
import * as trace from "./trace.js";
import * as logs from "./logs.js";
import * as metrics from "./metrics.js";
import * as compare from "./compare.js";
import * as findings from "./findings.js";

const VIEWS = { requests, logs, metrics, compare, findings, trace };
const NAMES = ["requests", "logs", "metrics", "compare", "findings"];
const main = document.getElementById("main");
let paused = false;
let shown = null; // the view that stands, with what it needs to refresh
let turn = 0;

async function show() {
  const parameters = current();
  const name = VIEWS[parameters.view] ? parameters.view : "requests";
  const mine = (turn += 1);
  shown = null;
  for (const link of document.querySelectorAll("#nav a")) {
    const here = link.dataset.view === name || (name === "trace" && link.dataset.view === "requests");
    here ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
    link.href = url(link.dataset.view);
  }
  document.title = `${name} · otel-distro view`;
  try {
    const made = await VIEWS[name].open(parameters);
    if (mine !== turn) return;
    shown = made;
    put(main, made.content);
    trouble("page", "");
    made.ready?.();
  } catch (error) {
    if (mine === turn) put(main, h("div", { class: "empty", role: "alert" }, String(error.message || error)));
  }
}

let busy = false;
let again = false;
async function refresh() {
  if (paused || !shown?.refresh) return;
  if (busy) { again = true; return; }
  busy = true;
  try {
    await shown.refresh();
    trouble("page", "");
  } catch (error) { trouble("page", String(error.message || error)); }
  busy = false;
  if (again) { again = false; refresh(); }
}

// What is wrong stands above every view, as long as it is: of what is read, of what was sent, of the viewer itself.
const troubles = {};
function trouble(where, text) {
  troubles[where] = text;
  const place = document.getElementById("trouble");
  const all = Object.values(troubles).filter(Boolean).join(" · ");
  if (place.textContent !== all) place.textContent = all;
  place.hidden = !all;
}

function lost({ failed_writes: failed, dropped_requests: dropped, error }) {
  const parts = [failed ? `${failed} could not be written (${error})` : "", dropped ? `${dropped} came faster than the viewer writes` : ""];
  const text = parts.filter(Boolean).join(", ");
  return text && `Not everything is shown. Of what was sent, ${text}.`;
}

function listen() {
  const source = new EventSource("/live");
  source.addEventListener("open", () => trouble("viewer", ""));
  source.addEventListener("message", ({ data }) => { trouble("store", lost(JSON.parse(data))); refresh(); services().catch(() => {}); });
  source.addEventListener("error", () => trouble("viewer", "The viewer does not answer."));
}

let known = "";
let asked = 0;
async function services() {
  if (performance.now() - asked < 2000) return;
  asked = performance.now();
  const { services: found } = await ask("overview");
  const names = found.map((item) => item.service);
  if (names.join() === known) return;
  known = names.join();
  const select = document.getElementById("service");
  put(select, h("option", { value: "" }, "all services"), names.map((name) => h("option", { value: name }, name)));
  select.value = current().service || "";
}

function theme() {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", document.documentElement.dataset.theme);
  dispatchEvent(new Event("themed"));
}

function pause() {
  paused = !paused;
  document.getElementById("pause").setAttribute("aria-pressed", String(paused));
  document.getElementById("pause-text").textContent = paused ? "stopped" : "live";
  if (!paused) refresh();
}

function step(by) {
  if (shown?.step) return shown.step(by);
  const rows = [...main.querySelectorAll("a.row, .lines summary, .list a")];
  const at = rows.indexOf(document.activeElement);
  rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.focus();
}

function key(event) {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape" && typing) return event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.getElementById("keys").open) return;
  const act = {
    j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    "/": () => main.querySelector("input[type=search]")?.focus(), Escape: () => history.back(),
    "?": () => document.getElementById("keys").showModal(), p: pause, d: theme,
  }[event.key] || (NAMES[event.key - 1] && (() => go(url(NAMES[event.key - 1]))));
  if (act) { event.preventDefault(); act(); }
}

function follow(event) {
  const link = event.target.closest?.("a[href^='/?']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(link.getAttribute("href"));
  if (link.closest("nav, main")) window.scrollTo(0, 0);
}

put(document.getElementById("nav"), NAMES.map((name) => h("a", { "data-view": name, href: url(name) }, name[0].toUpperCase() + name.slice(1))));
if (localStorage.getItem("theme")) document.documentElement.dataset.theme = localStorage.getItem("theme");
document.getElementById("pause").addEventListener("click", pause);
document.getElementById("theme").addEventListener("click", theme);
document.getElementById("help").addEventListener("click", () => document.getElementById("keys").showModal());
document.getElementById("service").addEventListener("change", (event) => go(url(current().view || "requests", { ...current(), view: undefined, service: event.target.value })));
addEventListener("keydown", key);
addEventListener("click", follow);
addEventListener("popstate", show);
addEventListener("moved", show);
for (const name of ["themed", "resize"]) addEventListener(name, () => shown?.draw?.());
await Promise.allSettled([show(), services()]);
listen();

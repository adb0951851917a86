// A Python traceback: own frames open, frames of libraries folded.

import { h } from "./dom.js";

const FRAME = /^  File "(.+)", line (\d+), in (.+)$/;
const LIBRARY = /site-packages|\/lib\/python\d|<frozen |<string>/;

export function traceback(text) {
  const parts = [];
  let frame = null;
  for (const line of text.split("\n")) {
    const match = FRAME.exec(line.replace(/^[ |+]*(?=  File ")/, ""));
    if (match) parts.push((frame = { file: match[1], line: match[2], name: match[3], code: [] }));
    else if (frame && line.startsWith("    ")) { if (!/^\s*[\^~]+\s*$/.test(line)) frame.code.push(line.trim()); }
    else { frame = null; if (line.trim()) parts.push(line); }
  }
  return h("div", { class: "trace" }, folded(parts));
}

function folded(parts) {
  const shown = [];
  let library = [];
  const flush = () => {
    if (library.length) shown.push(h("details", { class: "frame" }, h("summary", { class: "quiet" }, `${library.length} frame${library.length > 1 ? "s" : ""} of libraries`), library.map(one)));
    library = [];
  };
  for (const part of parts) {
    if (typeof part !== "string" && LIBRARY.test(part.file)) { library.push(part); continue; }
    flush();
    shown.push(typeof part === "string" ? h("p", { class: part.startsWith("Traceback") || part.startsWith("The above") || part.startsWith("During") ? "quiet" : "raised" }, part) : one(part));
  }
  flush();
  return shown;
}

function one(frame) {
  return h("div", { class: LIBRARY.test(frame.file) ? "" : "frame" }, h("span", { class: "mono" }, `${frame.file}:${frame.line}`), h("span", { class: "quiet" }, ` in ${frame.name}`), frame.code.map((line) => h("code", {}, line)));
}

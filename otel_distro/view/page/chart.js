// Lines and heatmaps on a canvas: axes, marks of starts, nothing else.

import { clock, short } from "./format.js";

const COLOURS = ["#5b78dd", "#2f9e8f", "#c77d2e", "#9b62c4", "#c2577d", "#5f8f3a"];
const LEFT = 52, BOTTOM = 24, TOP = 8, RIGHT = 8;
export const colour = (number) => COLOURS[number % COLOURS.length];

function prepare(canvas) {
  const ratio = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const style = getComputedStyle(document.documentElement);
  return { pen, width, height, ink: style.getPropertyValue("--quiet"), line: style.getPropertyValue("--line"), accent: style.getPropertyValue("--bar") };
}

export function scales(canvas, metric, low, high) {
  const width = canvas.clientWidth - LEFT - RIGHT, height = canvas.clientHeight - TOP - BOTTOM;
  return {
    x: (at) => LEFT + (width * (at - metric.begin_ms)) / (metric.end_ms - metric.begin_ms),
    y: (value) => TOP + height - (height * (value - low)) / (high - low || 1),
  };
}

function axes({ pen, width, height, ink, line }, metric, ticks, starts, x) {
  pen.font = "11px system-ui, sans-serif";
  pen.fillStyle = ink;
  pen.strokeStyle = line;
  for (const [at, text] of ticks) {
    pen.beginPath(); pen.moveTo(LEFT, at); pen.lineTo(width - RIGHT, at); pen.stroke();
    pen.textAlign = "right"; pen.fillText(text, LEFT - 6, at + 4);
  }
  pen.textAlign = "center";
  for (let part = 0; part <= 4; part += 1) {
    const at = metric.begin_ms + ((metric.end_ms - metric.begin_ms) * part) / 4;
    pen.textAlign = part === 4 ? "right" : part ? "center" : "left";
    pen.fillText(clock(at, false), x(at), height - 6);
  }
  pen.setLineDash([3, 4]); pen.strokeStyle = ink;
  for (const start of starts) if (start.time_ms > metric.begin_ms) { pen.beginPath(); pen.moveTo(x(start.time_ms), TOP); pen.lineTo(x(start.time_ms), height - BOTTOM); pen.stroke(); }
  pen.setLineDash([]);
}

export function lines(canvas, metric, starts) {
  const all = metric.series.flatMap((series) => series.points.map(([, value]) => value));
  const high = Math.max(...all, 0) * 1.08 || 1, low = Math.min(...all, 0);
  const tools = prepare(canvas);
  const { x, y } = scales(canvas, metric, low, high);
  axes(tools, metric, [0, 0.25, 0.5, 0.75, 1].map((part) => [y(low + (high - low) * part), short(low + (high - low) * part)]), starts, x);
  metric.series.forEach((series, number) => {
    tools.pen.strokeStyle = colour(number);
    tools.pen.lineWidth = 1.6;
    tools.pen.beginPath();
    series.points.forEach(([at, value], place) => (place ? tools.pen.lineTo(Math.max(LEFT, x(at)), y(value)) : tools.pen.moveTo(Math.max(LEFT, x(at)), y(value))));
    tools.pen.stroke();
  });
}

// Buckets are rows of equal height: with exponential bounds that is a logarithmic axis.
export function heatmap(canvas, metric, starts) {
  const used = metric.bounds.map((_, row) => row).filter((row) => metric.cells.some((column) => column[row] > 0));
  const first = Math.max(0, Math.min(...used, metric.bounds.length) - 1), last = Math.min(metric.bounds.length - 1, Math.max(...used, 0) + 1);
  const rows = last - first + 1;
  const tools = prepare(canvas);
  const { x, y } = scales(canvas, metric, 0, rows);
  const most = Math.max(...metric.cells.flat(), 1);
  const step = (metric.end_ms - metric.begin_ms) / metric.columns;
  tools.pen.fillStyle = tools.accent;
  metric.cells.forEach((column, number) => column.forEach((count, row) => {
    if (!count || row < first || row > last) return;
    tools.pen.globalAlpha = 0.25 + 0.75 * Math.sqrt(count / most);
    const left = x(metric.begin_ms + number * step);
    tools.pen.fillRect(left, y(row - first + 1) + 1, Math.max(2, x(metric.begin_ms + (number + 1) * step) - left - 1), y(0) - y(1) - 2);
  }));
  tools.pen.globalAlpha = 1;
  const place = (value) => {
    let lower = 0;
    for (let row = 0; row < metric.bounds.length; row += 1) {
      const upper = metric.bounds[row] === "+Inf" ? Infinity : metric.bounds[row];
      if (value <= upper) return y(row - first + (upper === Infinity ? 0.5 : (value - lower) / (upper - lower || 1)));
      lower = upper;
    }
    return y(rows);
  };
  const every = Math.ceil(rows / 10);
  axes(tools, metric, metric.bounds.slice(first, last + 1).map((bound, row) => [y(row + 1), bound === "+Inf" ? "∞" : short(bound)]).filter((_, row) => row % every === 0), starts, x);
  ["p50", "p95", "p99"].forEach((name, number) => {
    tools.pen.strokeStyle = colour(number + 1);
    tools.pen.lineWidth = 1.6;
    tools.pen.beginPath();
    metric.percentiles.forEach((values, column) => { if (values) tools.pen.lineTo(x(metric.begin_ms + (column + 0.5) * step), place(values[name])); });
    tools.pen.stroke();
  });
  return { x, place };
}

// Numbers and times as people read them.

export function ms(value) {
  if (value === null || value === undefined) return "–";
  if (value >= 60_000) return `${(value / 60_000).toFixed(1)} min`;
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return value >= 100 ? `${value.toFixed(0)} ms` : value >= 0.1 || value === 0 ? `${value.toFixed(1)} ms` : `${(value * 1000).toFixed(0)} µs`;
}

export function clock(at, fraction = true) {
  const moment = new Date(at);
  const two = (number) => String(number).padStart(2, "0");
  const text = `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
  return fraction ? `${text}.${String(moment.getMilliseconds()).padStart(3, "0")}` : text;
}

export function short(value) {
  const size = Math.abs(value);
  for (const [unit, step] of [["G", 1e9], ["M", 1e6], ["k", 1e3]]) if (size >= step) return `${+(value / step).toPrecision(3)}${unit}`;
  return String(+value.toPrecision(3));
}

export const many = (count, name) => `${count} ${name}${count === 1 ? "" : "s"}`;
export const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value));

export function level(severity) {
  return severity >= 17 ? "bad" : severity >= 13 ? "warn" : "quiet";
}

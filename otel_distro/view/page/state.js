// What is shown stands in the address, so that a page can be sent on and gone back to.

const LINKED = ["service"];

export function current() {
  return Object.fromEntries(new URLSearchParams(location.search));
}

export function url(view, parameters = {}) {
  const kept = Object.fromEntries(Object.entries(current()).filter(([name]) => LINKED.includes(name)));
  const given = Object.entries({ ...kept, ...parameters }).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  return `/?${new URLSearchParams([["view", view], ...given])}`;
}

export function go(address, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  dispatchEvent(new Event("moved"));
}

export async function ask(question, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  const answer = await fetch(`/api/${question}?${new URLSearchParams(given)}`, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

// Elements are made of text, never of markup: whatever a stranger sent is shown, not run.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

// Put new content in, and the focus back to where it was: an id says what is the same thing.
export function put(place, ...content) {
  const id = place.contains(document.activeElement) && document.activeElement.id;
  place.replaceChildren(...content.flat(3).filter(Boolean));
  if (id) document.getElementById(id)?.focus({ preventScroll: true });
}

export function table(caption, columns, rows) {
  const heads = columns.map(([title, kind]) => h("th", { scope: "col", class: kind }, title));
  return h("div", { class: "card scroll", tabindex: 0, role: "region", "aria-label": caption },
    h("table", {}, h("caption", { class: "sr" }, caption), h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)));
}

export function copyButton(label, text) {
  const button = h("button", { type: "button", title: text }, label);
  button.addEventListener("click", async () => {
    const copied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    button.textContent = copied ? "copied" : "not allowed";
    say(copied ? `copied: ${text}` : `The browser does not let this page copy: ${text}`);
    setTimeout(() => { button.textContent = label; }, 1200);
  });
  return button;
}

export const say = (text) => { document.getElementById("status").textContent = text; };

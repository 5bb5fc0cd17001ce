// Elements of the page: made once, then only what changed is touched.

export const byId = (id) => document.getElementById(id);

export function make(tag, classes, text) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  if (text !== undefined) element.textContent = text;
  return element;
}

// A long name is cut in its middle: names of one rack differ at their ends.
export function ends(name) {
  if (name.length <= 12) return [make("span", "head", name)];
  return [make("span", "head", name.slice(0, -6)), make("span", "tail", name.slice(-6))];
}

export function button(text, action, classes) {
  const element = make("button", classes, text);
  element.type = "button";
  element.addEventListener("click", action);
  return element;
}

export function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function label(element, text) {
  if (element.getAttribute("aria-label") !== text) element.setAttribute("aria-label", text);
}

// A bar of a share of a rating; its level comes from the limits of its own row.
export function bar(classes) {
  const element = make("span", `bar ${classes || ""}`);
  element.append(make("i"));
  return element;
}

export function fill(element, share, place) {
  const inner = element.firstChild;
  width(inner, share);
  element.classList.toggle("gap", share === null);
  const level = share === null ? "" : beyond(share, place.critical) ? "critical" : beyond(share, place.warning) ? "warning" : "";
  if (inner.className !== level) inner.className = level;
}

export function width(element, share) {
  const value = `${Math.min(100, Math.max(0, (share ?? 0) * 100)).toFixed(1)}%`;
  if (element.style.width !== value) element.style.width = value;
}

function beyond(share, bound) { return bound !== null && share >= bound; }

// Marks a place with the level of its worst alarm; the style adds a sign that is no colour.
export function mark(element, level) {
  element.classList.toggle("is-warning", level === 1);
  element.classList.toggle("is-critical", level === 2);
}

// Names and values in a list of terms, which is made anew only where their number changes.
export function list(terms, told) {
  if (terms.children.length !== told.length * 2) {
    terms.replaceChildren(...told.flatMap(() => [make("dt"), make("dd")]));
  }
  told.forEach(([name, value], n) => {
    set(terms.children[n * 2], name);
    set(terms.children[n * 2 + 1], value);
  });
}

// What the rest is made of: places of the page, and elements that are put there.
const $ = (query, root = document) => root.querySelector(query);
const $$ = (query, root = document) => Array.from(root.querySelectorAll(query));
const SVG = "http://www.w3.org/2000/svg";
const make = (name, attributes = {}, inner = []) => {
  const element = document.createElementNS(SVG, name);
  for (const [k, v] of Object.entries(attributes)) element.setAttribute(k, v);
  element.append(...inner);
  return element;
};
const html = (name, properties = {}, inner = []) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...inner);
  return element;
};
// What is written on a button, and what is done where it is pressed.
const button = (text, action, properties = {}) => {
  const { pressed, ...rest } = properties, element = html("button", { textContent: text, ...rest });
  if (pressed !== undefined) element.setAttribute("aria-pressed", String(pressed));
  element.addEventListener("click", action);
  return element;
};
// A field for a number, or a slider; `said` is for who does not see what stands beside it.
const field = (said, event, action, properties) => {
  const element = html("input", properties);
  element.setAttribute("aria-label", said);
  element.addEventListener(event, () => action(Number(element.value)));
  return element;
};
const note = (text, more = {}) => html("p", { className: "note", textContent: text, ...more });
// Light and dark, as the reader has it or wants it.
const root = document.documentElement;
if (window.matchMedia && matchMedia("(prefers-color-scheme: dark)").matches) root.dataset.theme = "dark";
function changeTheme() { root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark"; }
window.addEventListener("beforeprint", () => { for (const fold of $$("details")) fold.open = true; });

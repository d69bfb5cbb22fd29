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
// Light and dark, as the reader has it or wants it.
const root = document.documentElement;
if (window.matchMedia && matchMedia("(prefers-color-scheme: dark)").matches) root.dataset.theme = "dark";
function changeTheme() { root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark"; }
window.addEventListener("beforeprint", () => { for (const fold of $$("details")) fold.open = true; });

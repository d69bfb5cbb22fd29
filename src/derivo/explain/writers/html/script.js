"use strict";
// Links between the places of a factor, levels, folding. Nothing is fetched, and
// no text of the page is ever turned into markup.
(function () {
  const $ = (query, root) => (root || document).querySelector(query);
  const $$ = (query, root) => Array.from((root || document).querySelectorAll(query));

  // --- one factor in four places ------------------------------------------------------
  const places = new Map();
  for (const element of $$("[data-f]")) {
    for (const id of element.dataset.f.split(" ")) {
      if (!places.has(id)) places.set(id, []);
      places.get(id).push(element);
    }
  }
  let pinned = null;
  function light(id) {
    for (const element of $$(".lit")) element.classList.remove("lit");
    for (const element of places.get(id) || []) element.classList.add("lit");
  }
  function factorAt(target) {
    const element = target instanceof Element ? target.closest("[data-f]") : null;
    return element && !element.matches("li") ? element.dataset.f.split(" ")[0] : null;
  }
  document.addEventListener("mouseover", (event) => {
    const id = factorAt(event.target);
    if (id) light(id); else light(pinned);
  });
  document.addEventListener("focusin", (event) => {
    const id = factorAt(event.target);
    if (id) light(id);
  });
  document.addEventListener("click", (event) => {
    const id = factorAt(event.target);
    if (!id) return;
    pinned = pinned === id ? null : id;
    light(pinned);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { pinned = null; light(null); }
  });
  document.addEventListener("keydown", (event) => {
    const id = event.key === "Enter" && factorAt(event.target);
    if (id) { pinned = pinned === id ? null : id; light(pinned); }
  });

  // --- levels, folding, light and dark --------------------------------------------------
  for (const button of $$("[data-level]")) {
    button.addEventListener("click", () => {
      const level = button.dataset.level;
      for (const other of $$("[data-level]")) other.setAttribute("aria-pressed", String(other === button));
      for (const section of $$("section[data-of]")) {
        section.hidden = level !== "all" && section.dataset.of !== level && section.dataset.of !== "";
      }
    });
  }
  for (const button of $$("button.unfold")) {
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(open));
      const figure = button.closest("figure");
      $(".folded", figure).hidden = open;
      $(".whole", figure).hidden = !open;
    });
  }
  const root = document.documentElement;
  const dark = window.matchMedia && window.matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "dark" : "light";
  const theme = $("#theme");
  if (theme) theme.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  });
  window.addEventListener("beforeprint", () => {
    for (const fold of $$("details")) fold.open = true;
  });
})();

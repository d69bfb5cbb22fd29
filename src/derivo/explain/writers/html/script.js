"use strict";
// Steps, links between the places of a factor, levels, folding. Nothing is fetched, and
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

  // --- stepping -----------------------------------------------------------------------
  const frames = $$(".frame");
  const stepper = $("#stepper");
  let step = 0;
  let timer = null;
  // Scroll the graph, not the page, until a spot is in view.
  function bring(spot) {
    const box = spot.closest(".scroll");
    if (!box) return;
    const inner = spot.getBoundingClientRect();
    const outer = box.getBoundingClientRect();
    if (inner.left < outer.left || inner.right > outer.right) {
      box.scrollLeft += inner.left - outer.left - outer.width / 3;
    }
  }
  function mark(frame, on) {
    const name = on ? "add" : "remove";
    for (const spot of $$("[data-place]")) {
      const ids = spot.dataset.place.split(" ");
      if (!ids.includes(frame.dataset.place_id)) continue;
      spot.classList[name]("now");
      if (on) bring(spot);
    }
    const edges = frame.dataset.edges.split(" ");
    for (const edge of $$("[data-edge]")) {
      const drawn = edge.dataset.edge.split(" ");
      if (drawn.some((id) => edges.includes(id))) edge.classList[name]("used");
    }
    for (const number of frame.dataset.lines.split(" ")) {
      const line = number && $(`#L${number}`);
      if (line) line.classList[name]("now");
    }
  }
  function show(k, record) {
    if (!frames.length) return;
    mark(frames[step], false);
    frames[step].hidden = true;
    step = Math.max(0, Math.min(frames.length - 1, k));
    const frame = frames[step];
    frame.hidden = false;
    frame.classList.toggle("hide-answer", $("#predict").getAttribute("aria-pressed") === "true");
    $("#reveal").disabled = !frame.classList.contains("hide-answer");
    mark(frame, true);
    $("#where").textContent = `${step + 1} / ${frames.length}`;
    for (const id of ["first", "back"]) $(`#${id}`).disabled = step === 0;
    for (const id of ["next", "last"]) $(`#${id}`).disabled = step === frames.length - 1;
    if (record) history.replaceState(null, "", `#step=${step + 1}`);
  }
  function reveal() {
    frames[step].classList.remove("hide-answer");
    $("#reveal").disabled = true;
  }
  function play(on) {
    clearInterval(timer);
    timer = on ? setInterval(() => {
      if (step === frames.length - 1) play(false); else show(step + 1, true);
    }, 1600) : null;
    $("#play").setAttribute("aria-pressed", String(on));
  }
  function predict() {
    const button = $("#predict");
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    show(step, false);
  }
  const actions = {
    first: () => show(0, true), back: () => show(step - 1, true),
    next: () => show(step + 1, true), last: () => show(frames.length - 1, true),
    play: () => play(timer === null), predict: predict, reveal: reveal,
  };
  const keys = {
    ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last", " ": "play",
    p: "predict", r: "reveal",
  };
  if (stepper) {
    for (const name of Object.keys(actions)) $(`#${name}`).addEventListener("click", actions[name]);
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape") { pinned = null; light(null); return; }
      const busy = event.target.closest && event.target.closest("summary, a, button, input, .scroll, .code");
      const action = keys[event.key];
      if (!action || (busy && event.key === " ")) return;
      if (event.key === "Home" || event.key === "End") {
        if (!event.target.closest("#stepper")) return;
      }
      event.preventDefault();
      actions[action]();
    });
    const asked = /^#step=(\d+)$/.exec(location.hash);
    show(asked ? Number(asked[1]) - 1 : 0, false);
    window.addEventListener("hashchange", () => {
      const found = /^#step=(\d+)$/.exec(location.hash);
      if (found) show(Number(found[1]) - 1, false);
    });
  } else {
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { pinned = null; light(null); }
    });
  }
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

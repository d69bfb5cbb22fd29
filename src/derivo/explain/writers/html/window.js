// The window: one state, one render. Nothing is fetched, and no text is made markup.
(() => {
  const $ = (query, root = document) => root.querySelector(query);
  const $$ = (query, root = document) => Array.from(root.querySelectorAll(query));
  const SVG = "http://www.w3.org/2000/svg";
  const model = JSON.parse($("#model").textContent);
  const { values, steps } = model, words = model.words;
  const isStill = PROGRAM === null;
  const runtime = isStill ? null : PROGRAM.R;

  // --- numbers ------------------------------------------------------------------------
  const revived = ({ shape, data }) => {
    const numbers = Float64Array.from(data, Number);
    return shape.length ? { shape, data: numbers } : numbers[0];
  };
  const parts = (x) => (x.data ? x : { shape: [], data: Float64Array.of(x) });
  const all = (object) =>
    Object.fromEntries(Object.entries(object).map(([k, v]) => [k, revived(v)]));
  const nested = (x) => {
    const { shape, data } = parts(x);
    const inner = (axis, first) => axis === shape.length ? Number(data[first])
      : Array.from({ length: shape[axis] }, (_, k) => inner(axis + 1, first * shape[axis] + k));
    return inner(0, 0);
  };
  function short(v) {
    if (!Number.isFinite(v)) return Number.isNaN(v) ? "NaN" : v > 0 ? "∞" : "−∞";
    const size = Math.abs(v);
    if (Number.isInteger(v) && size < 1e4) return String(v).replace("-", "−");
    const text = size >= 1e4 || size < 9.5e-4 ? v.toExponential(0)
      : size >= 100 ? v.toFixed(0) : size >= 10 ? v.toFixed(1)
        : size >= 0.095 ? v.toFixed(2) : v.toFixed(3);
    return text.replace("e+", "e").replace("-", "−").replace("-", "−");
  }
  // A result has fewer figures than what it is made of: what is shown comes to it.
  const rounded = (v) => (Number.isFinite(v) ? String(Number(v.toPrecision(3))).replace("-", "−") : short(v));
  const longer = (v) => (Number.isFinite(v) ? String(Number(v.toPrecision(5))).replace("-", "−") : short(v));

  // --- state and what follows from it ---------------------------------------------------
  const begun = all(model.arguments), upstream = model.upstream.map(revived);
  let given = { ...begun };
  const state = {
    step: 0, mode: "forward", factor: null, cell: null, chosen: null, predict: false,
    revealed: true, rate: 0.1, times: 1, paint: 0, unroll: false, reach: 0, losses: [], playing: false, picture: null, pinned: false, heldAt: -1,
    first: {},
  };
  const keyOf = (id) => values[id].key;
  const idOf = Object.fromEntries(Object.entries(values).map(([id, v]) => [v.key, id]));

  function lossOf(value) {
    return model.outputs.reduce((sum, id, k) => {
      const { data } = parts(value[keyOf(id)]);
      const by = upstream.length ? parts(upstream[k]).data : null;
      return sum + data.reduce((s, v, i) => s + v * (by ? by[i] : 1), 0);
    }, 0);
  }
  function compute(own = given) {
    const value = PROGRAM.forward(own, model.sizes);
    return { value, ...PROGRAM.backward(value, upstream, model.sizes), loss: lossOf(value) };
  }
  function known() {
    const value = {}, gradients = {};
    for (const [id, array] of Object.entries(model.known)) {
      const own = id.replace(/^d/, "");
      if (values[own]) (id === own ? value : gradients)[keyOf(own)] = revived(array);
    }
    const isThere = model.outputs.every((id) => keyOf(id) in value);
    return { value, gradients, along: {}, loss: isThere ? lossOf(value) : NaN };
  }
  let now = isStill ? known() : compute();
  // A value of a step of a loop goes by its id and the place where it is shown: v3@1.
  const bare = (id) => id.split("@")[0], copyOf = (id) => (id.includes("@") ? id.slice(id.indexOf("@")) : "");
  const loopOf = {};
  for (const [place, { shifts, carries, slices, fixed }] of Object.entries(model.loops))
    for (const id of [...Object.keys(shifts), ...carries, ...slices, ...fixed]) loopOf[id] = place;
  for (const id of Object.keys(values)) if (id.includes("-")) loopOf[id] ??= Object.keys(model.loops).find((p) => model.loops[p].carries.concat(model.loops[p].slices, model.loops[p].fixed).some((c) => c.split("-")[0] === id.split("-")[0]));
  const stepAt = (id) => {
    const loop = model.loops[loopOf[bare(id)]], k = (state.first[loopOf[bare(id)]] || 0) + Number(copyOf(id).slice(1));
    return loop.reverse ? loop.length - 1 - k : k;
  };
  const isInLoop = (id) => bare(id) in loopOf;
  function array(side, id) {
    if (!isInLoop(id)) return (side === "value" ? now.value : now.gradients)[keyOf(id)];
    const steps = stepsOf(loopOf[bare(id)]), own = steps && steps[stepAt(id)];
    return own && own[side][keyOf(bare(id))];
  }
  // Every step of a loop, forward and then backward, as the loop itself runs.
  const ran = new Map();
  function stepsOf(place) {
    if (ran.get(place)?.now !== now) ran.set(place, { now, steps: isStill ? null : runSteps(place) });
    return ran.get(place).steps;
  }
  function runSteps(place) {
    const loop = model.loops[place], program = PROGRAM.loops[place], found = [];
    const outer = (key) => now.value[key], row = (x, t) => runtime.row(x, t);
    const [n, m] = [loop.carries.length, loop.carries.length + loop.slices.length];
    let carried = loop.inputs.slice(0, n).map(outer);
    const order = runtime.range(loop.length);
    if (loop.reverse) order.reverse();
    for (const t of order) {
      const own = {};
      loop.carries.forEach((id, k) => { own[keyOf(id)] = carried[k]; });
      loop.slices.forEach((id, k) => { own[keyOf(id)] = row(outer(loop.inputs[n + k]), t); });
      loop.fixed.forEach((id, k) => { own[keyOf(id)] = outer(loop.inputs[m + k]); });
      const value = program.forward(own, model.sizes);
      found[t] = { value, gradient: {} };
      carried = loop.following.map((key) => value[key]);
    }
    const zeros = (x) => runtime.map(() => 0, x), gradient = (id) => (id ? now.gradients[keyOf(id)] : undefined);
    let back = loop.lasts.map((id, k) => gradient(id) ?? zeros(carried[k]));
    for (const t of order.reverse()) {
      const { value } = found[t], items = loop.items.map((id) => {
        const g = gradient(id);
        return row(g === undefined ? zeros(outer(keyOf(id))) : g, t);
      });
      found[t].gradient = program.backward(value, [...back, ...items], model.sizes).gradients;
      back = loop.carries.map((id) => found[t].gradient[keyOf(id)] ?? zeros(value[keyOf(id)]));
    }
    return found;
  }

  // The step at which each value, and each gradient, is computed.
  const at = { value: {}, gradient: {} };
  for (const [id, v] of Object.entries(values)) if (v.argument) at.value[id] = 0;
  steps.forEach(({ phase, id }, k) => {
    at[phase === "forward" ? "value" : "gradient"][id] ??= k + 1;
  });
  const firstBack = steps.findIndex((s) => s.phase === "backward") + 1 || steps.length + 1;
  const isSeen = (side, id) => {
    const when = at[side][isInLoop(id) ? loopOf[bare(id)] : id];
    if (when === undefined || when > state.step) return false;
    return when < state.step || state.revealed || when === 0;
  };

  // --- cells of the graph ----------------------------------------------------------------
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
  const MOST = 16;
  // Which rows and columns of an array are shown: all, or as many as there is room for.
  function shownOf(x) {
    const { shape } = parts(x), columns = shape.length ? shape[shape.length - 1] : 1;
    const rows = columns ? parts(x).data.length / columns : 0;
    const pick = (n) => (n <= MOST ? [...Array(n).keys()]
      : Array.from({ length: MOST }, (_, k) => Math.round((k * (n - 1)) / (MOST - 1))));
    return { rows: pick(rows), columns: pick(columns), wide: columns };
  }
  const views = Object.fromEntries($$(".view").map((v) => [v.dataset.picture, v]));
  const pictureOf = (element) => element.closest(".view").dataset.picture;
  const grids = $$("svg.graph .grid").map((element) => {
    const { id, side } = element.dataset;
    return { element, id, side, cells: [], shape: null, picture: pictureOf(element) };
  });
  // The cells of a grid; anew where an array has another shape than before.
  function divide(grid, sample) {
    const [x, y, w, h] = grid.element.dataset.box.split(" ").map(Number);
    const { rows, columns, wide } = shownOf(sample);
    const cw = w / columns.length, ch = h / rows.length, isNumbered = ch >= 16 && cw >= 38;
    for (const { cell } of grid.cells) cell.remove();
    grid.cells = rows.flatMap((r, i) => columns.map((c, j) => {
      const rect = make("rect", { x: x + j * cw + 1, y: y + i * ch + 1, width: Math.max(1, cw - 2), height: Math.max(1, ch - 2), rx: isNumbered ? 2.5 : 1 });
      const text = isNumbered ? make("text", { x: x + (j + 0.5) * cw, y: y + (i + 0.5) * ch + 4.3 }) : null;
      const cell = make("g", { class: "cell" }, text ? [rect, text] : [rect]);
      cell.place = { side: grid.side, id: grid.id, index: r * wide + c };
      grid.element.append(cell);
      return { cell, rect, text, index: r * wide + c };
    }));
    grid.shape = String(parts(sample).shape);
  }
  const gridsOf = {};
  for (const grid of grids) (gridsOf[`${grid.side} ${grid.id}`] ??= []).push(grid);
  // The grid of a value in the picture that is seen, else in any.
  const gridOf = (side, id) => {
    const found = gridsOf[`${side} ${id}`] || [];
    return found.find((g) => g.picture === state.picture) || found[0];
  };

  const largest = (data) => data.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 0) || 1;
  function fill(grid) {
    const isShown = isSeen(grid.side, grid.id), x = array(grid.side, grid.id);
    const data = x === undefined ? [] : parts(x).data, most = largest(data);
    if (x !== undefined && grid.shape !== String(parts(x).shape)) divide(grid, x);
    for (const { cell, rect, text, index } of grid.cells) {
      const v = data[index];
      cell.classList.toggle("neg", isShown && v < 0);
      rect.style.fillOpacity = isShown ? (text ? 0.06 + 0.4 * Math.abs(v) / most : 0.08 + 0.9 * Math.abs(v) / most) : 0;
      if (text) text.textContent = isShown ? short(v) : "";
    }
  }

  // --- where a cell comes from -------------------------------------------------------------
  const place = (index, shape) => {
    const found = [];
    for (let a = shape.length - 1, rest = index; a >= 0; a--) {
      found[a] = rest % shape[a];
      rest = Math.floor(rest / shape[a]);
    }
    return found;
  };
  const flat = (where, shape) => where.reduce((s, p, a) => s * shape[a] + p, 0);
  function linked({ side, id, index }) {
    const link = model.links[side === "value" ? bare(id) : `d${bare(id)}`], own = array(side, id), copy = copyOf(id);
    if (!link || own === undefined) return null;
    const termsOf = link.terms.map(([from, of, names]) => [from, of + copy, names]);
    const letters = {}, where = place(index, parts(own).shape), sizes = {};
    link.index.forEach((c, a) => { letters[c] = where[a]; });
    for (const [from, of, names] of termsOf) {
      const source = array(from, of);
      if (source === undefined || !isSeen(from, of)) return null;
      names.forEach((c, a) => { if (c !== "0" && !(c in letters)) sizes[c] = parts(source).shape[a]; });
    }
    let rows = [letters];
    for (const [c, n] of Object.entries(sizes))
      rows = rows.flatMap((l) => Array.from({ length: n }, (_, k) => ({ ...l, [c]: k })));
    return {
      link, value: parts(own).data[index],
      rows: rows.map((l) => termsOf.map(([from, of, names]) => {
        const source = parts(array(from, of));
        const i = flat(names.map((c) => (c === "0" ? 0 : l[c])), source.shape);
        return { side: from, id: of, index: i, value: source.data[i] };
      })),
    };
  }
  const bracketed = (v) => (v < 0 ? `(${longer(v)})` : longer(v));
  const below = (n) => String(n).replace(/\d/g, (c) => "₀₁₂₃₄₅₆₇₈₉"[c]).replace("-", "₋");
  function label(side, id) {
    const own = values[bare(id)];
    if (!isInLoop(id)) return side === "value" ? own.label : own.adjoint;
    const shift = model.loops[loopOf[bare(id)]].shifts[bare(id)];
    if (!shift) return side === "value" ? own.label : own.adjoint;
    return shift[side === "value" ? 0 : 1] + below(stepAt(id) + 1 + shift[2]);
  }
  const named = ({ side, id, index }) => {
    const where = place(index, parts(array(side, id)).shape);
    return where.length ? `${label(side, id)}[${where.map((p) => p + 1).join(", ")}]` : label(side, id);
  };
  function told(cell) {
    const found = linked(cell);
    if (!found) return null;
    const { link, rows, value } = found, most = 6;
    const products = rows.map((r) => r.map((t) => bracketed(t.value)).join(" · "));
    const listed = products.length > most ? [...products.slice(0, most - 1), "…", products[products.length - 1]] : products;
    const end = rounded(value);
    if (link.kind === "product" && link.plain) return `${listed.join(" + ")} = ${end}`;
    if (link.kind === "sum" && link.plain) return `${listed.join(" + ")} = ${end}`;
    if (link.kind === "mean" && link.plain) return `(${listed.join(" + ")}) / ${rows.length} = ${end}`;
    if (["max", "min"].includes(link.kind)) return `${link.kind}(${listed.join(", ")}) = ${end}`;
    const terms = rows[0] || [];
    if (link.kind !== "each" || rows.length > 1) return `= ${end}`;
    if (terms.length === 1 && link.sign === "=") return `= ${end}`;
    if (terms.length === 1 && link.plain && /^\p{L}/u.test(link.sign)) return `${link.sign}(${longer(terms[0].value)}) = ${end}`;
    const signs = { "+": " + ", "−": " − ", "⊙": " · ", "×": " · ", "/": " / " };
    if (terms.length === 2 && link.plain && signs[link.sign]) return `${terms.map((t) => bracketed(t.value)).join(signs[link.sign])} = ${end}`;
    const up = terms.find((t) => t.side === "gradient");
    if (cell.side === "gradient" && up && up.value) return `${bracketed(up.value)} · ${bracketed(value / up.value)} = ${end}`;
    return `= ${end}`;
  }
  function light(cell) {
    for (const element of $$("svg .cell.lit, td.lit")) element.classList.remove("lit");
    const why = $("#why");
    if (!cell || !isSeen(cell.side, cell.id)) { why.replaceChildren(); return; }
    const found = linked(cell);
    const lit = [cell, ...(found ? found.rows.flat() : [])];
    for (const { side, id, index } of lit) {
      const grid = gridOf(side, id);
      const own = grid && grid.cells.find((c) => c.index === index);
      if (own) own.cell.classList.add("lit");
    }
    const td = $$("#result td").find((t) => t.place.index === cell.index && t.place.id === cell.id && t.place.side === cell.side);
    if (td) td.classList.add("lit");
    const text = told(cell);
    why.replaceChildren(html("b", { textContent: `${named(cell)} ` }),
      html("span", { className: "terms", textContent: text === null ? "" : text.startsWith("=") ? text : `= ${text}` }));
  }

  // --- the card --------------------------------------------------------------------------
  const moments = $$(".moment");
  function table(side, id) {
    const x = array(side, id);
    if (x === undefined || !isSeen(side, id)) return [];
    const { data } = parts(x), { rows, columns, wide } = shownOf(x), most = largest(data);
    if (rows.length * columns.length > 80) return [html("p", { className: "note", textContent: `${label(side, id)}: ${parts(x).shape.join(" × ")}` })];
    const lines = rows.map((r) => html("tr", {}, columns.map((c) => {
      const v = data[r * wide + c], hue = v < 0 ? "--neg" : "--pos";
      const td = html("td", { textContent: short(v), tabIndex: 0, title: longer(v) });
      td.style.background = `color-mix(in srgb, var(${hue}) ${Math.round(6 + (38 * Math.abs(v)) / most)}%, transparent)`;
      td.place = { side, id, index: r * wide + c };
      return td;
    })));
    return [html("table", { className: "cells" }, [html("tbody", {}, lines)])];
  }

  // --- charts ----------------------------------------------------------------------------
  function chart(width, height, low, high, bottom, top) {
    const flatness = top - bottom < 1e-12 ? 1 : 0;
    const [b, t] = [bottom - flatness, top + flatness];
    const px = (x) => 42 + ((width - 52) * (x - low)) / (high - low || 1);
    const py = (y) => height - 20 - ((height - 32) * (y - b)) / (t - b);
    const svg = make("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img" });
    svg.append(make("line", { class: "axis", x1: 42, y1: height - 20, x2: width - 10, y2: height - 20 }),
      make("line", { class: "axis", x1: 42, y1: 12, x2: 42, y2: height - 20 }));
    const write = (x, y, text, anchor) => {
      const element = make("text", { x, y, "text-anchor": anchor });
      element.textContent = text;
      svg.append(element);
    };
    write(42, height - 6, short(low), "start"); write(width - 10, height - 6, short(high), "end");
    write(38, height - 18, short(b), "end"); write(38, 18, short(t), "end");
    const path = (points, kind) => {
      const d = points.filter(([, y]) => Number.isFinite(y)).map(([x, y], k) => `${k ? "L" : "M"}${px(x).toFixed(1)} ${py(y).toFixed(1)}`).join("");
      svg.append(make("path", { class: kind, d }));
    };
    const dot = (x, y, kind = "dot") => { if (Number.isFinite(y)) svg.append(make("circle", { class: kind, cx: px(x), cy: py(y), r: 4 })); };
    return { svg, path, dot, b, t };
  }
  const tangent = (x, y, slope, low, high, c) => {
    // The piece of the tangent that lies in the chart.
    const reach = slope ? Math.min(high - low, (c.t - c.b) / Math.abs(slope)) : high - low;
    const ends = [Math.max(low, x - reach / 2), Math.min(high, x + reach / 2)];
    return ends.map((u) => [u, y + slope * (u - x)]);
  };

  function curveOf(cell) {
    const key = keyOf(cell.id), base = parts(given[key]), v = base.data[cell.index];
    const reach = Math.max(1, Math.abs(v)), points = [];
    for (let k = 0; k <= 40; k++) {
      const u = v - reach + (reach * k) / 20, data = base.data.slice();
      data[cell.index] = u;
      const own = { ...given, [key]: base.shape.length ? { shape: base.shape, data } : u };
      points.push([u, lossOf(PROGRAM.forward(own, model.sizes))]);
    }
    const gradient = array("gradient", cell.id);
    const slope = gradient === undefined ? NaN : parts(gradient).data[cell.index];
    return { cell, v, loss: now.loss, slope, points, low: v - reach, high: v + reach };
  }
  let nudged = null; // what the chosen number was, and the curve along it
  function choose(cell) {
    state.chosen = cell;
    nudged = cell && !isStill ? curveOf(cell) : null;
  }

  function fact(list, name, text) {
    list.append(html("dt", { textContent: name }), html("dd", { textContent: text }));
  }
  function nudgePanel(panel) {
    if (!state.chosen) {
      const free = freeIds().map((id) => values[id].label).join(", ");
      panel.append(html("p", { className: "note", textContent: words.choose.replace("{names}", free) }));
      return;
    }
    const { cell, v, loss, slope, points, low, high } = nudged;
    const value = parts(given[keyOf(cell.id)]).data[cell.index];
    const slider = html("input", { type: "range", id: "slider", min: low, max: high, step: (high - low) / 400, value });
    const field = html("input", { type: "number", id: "number", step: 0.05, value: Number(value.toPrecision(6)) });
    slider.addEventListener("input", () => setCell(cell, Number(slider.value)));
    field.addEventListener("change", () => setCell(cell, Number(field.value)));
    slider.setAttribute("aria-label", named(cell));
    field.setAttribute("aria-label", named(cell));
    const which = html("select", { id: "which" }, freeIds().map((id) => html("option", { value: id, textContent: values[id].label, selected: id === cell.id })));
    which.setAttribute("aria-label", words.which);
    which.addEventListener("change", () => { choose({ side: "value", id: which.value, index: 0 }); render(); });
    panel.append(html("label", {}, [which, html("b", { textContent: named(cell) }), slider, field]));
    const list = html("dl", { className: "facts" }), moved = value - v;
    const h = Math.abs(moved) < 1e-12 * Math.max(1, Math.abs(v)) ? 0 : moved;
    fact(list, words.change, longer(h));
    if (Number.isFinite(slope)) {
      fact(list, words.predicted, `${longer(slope)} · ${bracketed(h)} = ${rounded(slope * h)}`);
    }
    fact(list, words.true, rounded(h ? now.loss - loss : 0));
    panel.append(list, ...pathPanel(cell));
    const heights = points.map(([, y]) => y).filter(Number.isFinite).concat(now.loss);
    const c = chart(480, 190, low, high, Math.min(...heights), Math.max(...heights));
    c.path(points, "curve");
    if (Number.isFinite(slope)) c.path(tangent(v, loss, slope, low, high, c), "tangent");
    c.dot(v, loss, "dot other"); c.dot(value, now.loss);
    c.svg.setAttribute("aria-label", `${named(cell)}: ${words.slope_here} ${longer(slope)}`);
    // The numbers once more, for the keyboard: Enter chooses one.
    panel.append(c.svg, html("div", { className: "scroll choices" }, table("value", cell.id)));
  }
  // From a number to the result along the largest terms: what is passed, factor by factor.
  const colourOf = (id) => id && id.charCodeAt(1) - 97;
  const factorBetween = (operand, reader) => Object.keys(model.factors).find((f) => model.factors[f][0] === operand && model.factors[f].slice(1).includes(reader));
  function strongest({ id, index }) {
    const found = [];
    for (let at = { side: "gradient", id, index }, k = 0; k < 60; k++) {
      const here = linked(at), terms = [];
      if (!here) break;
      const { link, rows, value } = here;
      for (const row of rows) {
        const ups = row.filter((t) => t.side === "gradient"), others = row.filter((t) => t.side === "value");
        if (!ups.length || (ups.length > 1 && link.sign !== "+")) continue;
        const isProduct = link.plain && (link.kind === "product" || ["⊙", "×"].includes(link.sign));
        for (const up of ups) {
          let local = ups.length > 1 || ["sum", "max", "min"].includes(link.kind) ? 1
            : isProduct ? others.reduce((p, t) => p * t.value, 1)
              : rows.length === 1 && up.value ? value / up.value : NaN;
          if (link.sign === "=") local = 1;
          if (Number.isFinite(local)) terms.push({ up, local, at });
        }
      }
      if (!terms.length) break;
      const best = terms.reduce((m, t) => (Math.abs(t.local * t.up.value) > Math.abs(m.local * m.up.value) ? t : m));
      found.push(best);
      at = best.up;
    }
    return found;
  }
  function pathPanel(cell) {
    const path = strongest(cell);
    if (path.length < 2) return [];
    const end = path[path.length - 1].up, product = path.reduce((p, t) => p * t.local, end.value);
    const line = html("p", { className: "product", id: "product" }, [`${words.path} `]);
    if (end.value !== 1) line.append(html("span", { textContent: bracketed(Number(end.value.toPrecision(3))) }), " · ");
    // What only passes a gradient on is no factor to be read.
    const seen = path.filter((t) => t.local !== 1).reverse();
    seen.forEach(({ local, at, up }, k) => {
      const factor = factorBetween(bare(at.id), bare(up.id));
      const span = html("span", { textContent: bracketed(Number(local.toPrecision(3))), className: factor ? `f c${colourOf(factor)}` : "", title: `${named(up)} → ${named(at)}` });
      if (factor) span.dataset.f = factor;
      line.append(k ? " · " : "", span);
    });
    line.append(` = ${rounded(product)}`);
    const whole = parts(array("gradient", cell.id)).data[cell.index];
    const said = words.paths.replace("{name}", named({ ...cell, side: "gradient" })).replace("{size}", rounded(whole));
    return [line, html("p", { className: "note", textContent: said })];
  }
  function lightPath() {
    for (const element of $$("svg .cell.onpath")) element.classList.remove("onpath");
    if (state.mode !== "nudge" || !state.chosen) return;
    for (const { up } of strongest(state.chosen)) for (const side of ["value", "gradient"]) {
      const grid = gridOf(side, up.id), own = grid && grid.cells.find((c) => c.index === up.index);
      if (own) own.cell.classList.add("onpath");
    }
  }

  // --- a layer as single numbers ------------------------------------------------------------------
  const FEW = 6;
  function unrolled(panel, active, side) {
    const cell = { side, id: active.id, index: 0 }, x = array(side, active.id);
    if (x === undefined || !isSeen(side, active.id)) return;
    if (state.cell && state.cell.id === active.id && state.cell.side === side) cell.index = state.cell.index;
    const found = linked(cell);
    if (!found || !["product", "sum"].includes(found.link.kind) || !found.link.plain || found.rows.length > 3 * FEW) return;
    const button = html("button", { id: "unroll", textContent: words.unroll });
    button.setAttribute("aria-pressed", String(state.unroll));
    button.addEventListener("click", () => { state.unroll = !state.unroll; render(); });
    panel.append(html("div", { className: "buttons" }, [button]));
    if (!state.unroll) return;
    $("#result").replaceChildren();
    const isLayer = found.link.kind === "product" && parts(x).shape.length === 2 && !isOverBatch(active, side);
    panel.append(...(isLayer ? neurons(cell, x) : [merging(cell, found)]));
  }
  // The gradient of a weight, and of a bias, is a sum over the rows: it is drawn as one.
  const isOverBatch = (active, side) => side === "gradient" && values[active.id].argument && model.parameters.includes(keyOf(active.id));
  const disc = (x, y, text, kind = "") => {
    const element = make("text", { x, y: y + 4 });
    element.textContent = text;
    return make("g", { class: `disc ${kind}` }, [make("circle", { cx: x, cy: y, r: 23 }), element]);
  };
  // One row of a product of matrices: the layer as it is drawn by hand.
  function neurons(cell, x) {
    const { shape } = parts(x), columns = shape[1], row = Math.floor(cell.index / columns);
    const cells = Array.from({ length: columns }, (_, j) => linked({ ...cell, index: row * columns + j }));
    const inner = cells[0].rows.length;
    if (columns > FEW || inner > FEW) return [];
    // What is the same for every result is what enters; the other is on the lines.
    const enters = cells[0].rows[0].findIndex((t, k) => columns === 1 ? k === 0 : cells[1].rows[0][k].index === t.index && cells[1].rows[0][k].id === t.id);
    if (enters < 0) return [];
    const tall = 62 * Math.max(columns, inner) + 10, isBack = cell.side === "gradient", [left, right] = isBack ? [400, 60] : [60, 400];
    const y = (k, n) => tall / 2 + (k - (n - 1) / 2) * 62;
    const svg = make("svg", { class: "unrolled", viewBox: `0 0 460 ${tall}`, role: "img", "aria-label": words.one_row.replace("{count}", row + 1) });
    const factor = isBack ? factorBetween(cell.id, cells[0].rows[0][enters].id) : factorBetween(cells[0].rows[0][enters].id, cell.id);
    const most = Math.max(...cells.flatMap((c) => c.rows.map((r) => Math.abs(r[1 - enters].value)))) || 1;
    cells.forEach(({ rows, value }, j) => rows.forEach((r, k) => {
      const weight = r[1 - enters].value, from = [left, y(k, inner)], to = [right, y(j, columns)];
      const line = make("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], "stroke-width": 0.8 + (3 * Math.abs(weight)) / most, class: `wire${factor ? ` c${colourOf(factor)}` : ""}` });
      const t = 0.3 + (0.12 * (j % 3)), text = make("text", { class: "on-wire", x: from[0] + t * (to[0] - from[0]), y: from[1] + t * (to[1] - from[1]) - 3 });
      text.textContent = short(weight);
      svg.append(line, text);
    }));
    cells[0].rows.forEach((r, k) => svg.append(disc(left, y(k, inner), short(r[enters].value))));
    cells.forEach(({ value }, j) => svg.append(disc(right, y(j, columns), short(value), isBack ? "result back" : "result")));
    return [svg, html("p", { className: "note", textContent: words.one_row.replace("{count}", row + 1) })];
  }
  // Many terms that merge into one sum.
  function merging(cell, { rows, value }) {
    const n = rows.length, step = n > 8 ? 24 : 40, tall = Math.max(70, n * step + 12), isBack = cell.side === "gradient";
    const svg = make("svg", { class: "unrolled", viewBox: `0 0 460 ${tall}`, role: "img", "aria-label": `${named(cell)} ${told(cell)}` });
    const up = rows[0].find((t) => t.side === "gradient"), factor = up && factorBetween(cell.id, up.id);
    rows.forEach((r, k) => {
      const y = tall / 2 + (k - (n - 1) / 2) * step, text = make("text", { x: 116, y: y + 4, class: factor ? `c${colourOf(factor)}` : "" });
      text.textContent = r.map((t) => bracketed(Number(t.value.toPrecision(3)))).join(" · ");
      svg.append(make("path", { class: `wire${factor ? ` c${colourOf(factor)}` : ""}`, d: `M212 ${y}C270 ${y} 270 ${tall / 2} 300 ${tall / 2}` }), text);
    });
    svg.append(make("line", { class: "wire", x1: 314, y1: tall / 2, x2: 370, y2: tall / 2 }), disc(302, tall / 2, "Σ", "small"), disc(392, tall / 2, short(value), isBack ? "result back" : "result"));
    return svg;
  }
  const freeIds = () => Object.keys(values).filter((id) => values[id].argument && values[id].gradient);

  // --- slopes of functions of one value ------------------------------------------------------
  function slopePanel(panel, id) {
    const f = PROGRAM.curves[id], link = model.links[id];
    if (!f || !link || link.terms.length !== 1) return;
    const [side, of] = link.terms[0], operand = array(side, of);
    if (operand === undefined || !isSeen(side, of)) return;
    const inputs = Array.from(parts(operand).data).slice(0, 400);
    const reach = Math.max(2.5, ...inputs.filter(Number.isFinite).map(Math.abs)) * 1.1;
    const points = Array.from({ length: 121 }, (_, k) => -reach + (reach * k) / 60).map((u) => [u, f(u)]);
    const heights = points.map(([, y]) => y).filter(Number.isFinite);
    if (!heights.length) return;
    const c = chart(480, 180, -reach, reach, Math.min(...heights), Math.max(...heights));
    c.path(points, "curve");
    for (const u of inputs) c.dot(u, f(u), "dot other");
    const k = state.cell && inputs.length > state.cell.index ? state.cell.index : 0, u = inputs[k];
    c.path(tangent(u, f(u), slopeAt(f, u), -reach, reach, c), "tangent");
    c.dot(u, f(u));
    panel.append(c.svg, html("p", { className: "note", textContent: `${words.slope_here} ${longer(Number(slopeAt(f, u).toPrecision(4)))} — ${words.curve}` }));
  }
  const slopeAt = (f, u) => (f(u + 1e-6) - f(u - 1e-6)) / 2e-6;

  // --- mistakes ------------------------------------------------------------------------------
  // What was asked at the present step: first the shape, then a number.
  const question = { step: -1, stage: 0, index: 0, said: "", isRight: false };
  function shapesFor(id) {
    const own = parts(array("gradient", id)).shape, found = [own];
    if (own.length === 2) found.push([own[1], own[0]]);
    const link = model.links[`d${id}`];
    for (const [side, of] of link ? link.terms : []) found.push(parts(array(side, of)).shape);
    found.push([]);
    const texts = new Map(found.map((s) => [s.join(" × ") || words.a_number, s]));
    return { own: own.join(" × ") || words.a_number, choices: [...texts.keys()].sort() };
  }
  function slip(id, answer) {
    const x = parts(array("gradient", id)), v = x.data[question.index], near = (w) => Math.abs(answer - w) <= 0.02 * Math.abs(w) + 0.005;
    if (near(v)) return "right";
    if (v && near(-v)) return "slip_sign";
    if (x.shape.length === 2) {
      const [i, j] = place(question.index, x.shape);
      if (j < x.shape[0] && i < x.shape[1] && near(x.data[j * x.shape[1] + i])) return "slip_transposed";
    }
    const link = model.links[`d${id}`];
    if (!link) return "wrong";
    const rows = rowsAnyway({ side: "gradient", id, index: question.index });
    const product = (r) => r.reduce((p, t) => p * t.value, 1);
    if (rows.length > 1 && rows.some((r) => near(product(r)))) return "slip_sum";
    const up = rows[0] && rows[0].find((t) => t.side === "gradient");
    if (link.kind === "each" && up) {
      if (near(up.value)) return "slip_upstream";
      const f = Object.entries(PROGRAM.curves).find(([of]) => of === up.id);
      const output = f && array("value", up.id);
      if (output !== undefined && f && near(up.value * slopeAt(f[1], parts(output).data[question.index]))) return "slip_place";
    }
    return "wrong";
  }
  function rowsAnyway(cell) {
    const kept = state.revealed;
    state.revealed = true;
    const found = linked(cell);
    state.revealed = kept;
    return found ? found.rows : [];
  }
  function askPanel(panel, { phase, id }) {
    const side = phase === "forward" ? "value" : "gradient", x = array(side, id);
    if (x === undefined) return;
    if (question.step !== state.step) {
      const size = parts(x).data.length;
      Object.assign(question, { step: state.step, stage: phase === "forward" || size === 1 ? 1 : 0, index: (state.step * 7) % size, said: "", isRight: false });
    }
    const name = label(side, id);
    if (question.stage === 0) {
      panel.append(html("p", { textContent: words.shape_of.replace("{name}", name) }));
      const { own, choices } = shapesFor(id);
      const buttons = choices.map((text) => {
        const button = html("button", { textContent: text, className: "shape" });
        button.addEventListener("click", () => {
          question.isRight = text === own;
          question.said = question.isRight ? "right" : text === own.split(" × ").reverse().join(" × ") ? "slip_transposed" : "slip_sum";
          if (question.isRight) question.stage = 1;
          render();
        });
        return button;
      });
      panel.append(html("div", { className: "buttons" }, buttons));
    } else {
      const cell = { side, id, index: question.index };
      panel.append(html("p", { textContent: words.number_of.replace("{name}", named(cell)) }));
      const field = html("input", { type: "number", step: "any", id: "guess" });
      const button = html("button", { textContent: words.answer, id: "answer" });
      field.setAttribute("aria-label", named(cell));
      const answer = () => {
        if (field.value === "") return;
        const found = side === "gradient" ? slip(id, Number(field.value))
          : Math.abs(Number(field.value) - parts(x).data[cell.index]) <= 0.02 * Math.abs(parts(x).data[cell.index]) + 0.005 ? "right" : "wrong";
        Object.assign(question, { said: found, isRight: found === "right" });
        if (question.isRight) state.revealed = true;
        render();
      };
      button.addEventListener("click", answer);
      field.addEventListener("keydown", (event) => { if (event.key === "Enter") answer(); });
      panel.append(html("div", { className: "buttons" }, [field, button]));
    }
    if (question.said) {
      panel.append(html("p", { className: `feedback ${question.isRight ? "right" : "wrong"}`, id: "feedback", textContent: words[question.said] }));
    }
  }

  // --- training --------------------------------------------------------------------------------
  // The states of an update rule: of each parameter its own, from 0 on.
  const memory = { count: 0, of: {} };
  function forget() {
    Object.assign(memory, { count: 0, of: {} });
    state.losses = [];
  }
  function descend(rate, rule = null) {
    const next = { ...given };
    memory.count += 1;
    for (const key of model.parameters) {
      const x = given[key], g = now.gradients[key];
      if (g === undefined) continue;
      const gradient = state.times === 1 ? g : runtime.map((v) => state.times * v, g);
      if (rule) {
        const states = memory.of[key] ??= rule.states.map(() => runtime.map(() => 0, x));
        const named = Object.fromEntries(rule.states.map((name, k) => [name, states[k]]));
        const found = rule.forward({ parameter: x, gradient, ...named, learning_rate: rate, step_number: memory.count }, {});
        [next[key], ...memory.of[key]] = rule.results.map((result) => found[result]);
      } else next[key] = runtime.map((v, d) => v - rate * d, x, gradient);
    }
    given = next;
    now = compute();
    state.losses.push(now.loss);
  }
  function train(count, rate, rule = null) {
    if (isStill) throw new Error(words.still);
    if (!state.losses.length) state.losses.push(now.loss);
    for (let k = 0; k < count; k++) descend(rate, rule);
    choose(null);
    render();
  }
  const ruleNow = () => (PROGRAM.rules && model.rule ? PROGRAM.rules[model.rule] : null);
  function trainPanel(panel) {
    const slider = html("input", { type: "range", id: "rate", min: -3, max: 1.5, step: 0.05, value: Math.log10(state.rate) });
    const shown = html("b", { textContent: longer(Number(state.rate.toPrecision(2))) });
    slider.setAttribute("aria-label", words.rate);
    slider.addEventListener("input", () => { state.rate = 10 ** Number(slider.value); shown.textContent = longer(Number(state.rate.toPrecision(2))); });
    panel.append(html("label", {}, [html("span", { textContent: words.rate }), slider, shown]));
    const button = (id, text, action, pressed) => {
      const element = html("button", { id, textContent: text });
      if (pressed !== undefined) element.setAttribute("aria-pressed", String(pressed));
      element.addEventListener("click", action);
      return element;
    };
    panel.append(html("div", { className: "buttons" }, [
      button("one", words.one_step, () => train(1, state.rate, ruleNow())),
      button("run", state.running ? words.pause : words.run, () => run(!state.running)),
      button("reset", words.reset, () => { run(false); setAll(begun); }),
    ]));
    const losses = state.losses.length ? state.losses : [now.loss], n = losses.length;
    const finite = losses.filter(Number.isFinite);
    if (finite.length) {
      const c = chart(480, 170, 0, Math.max(1, n - 1), Math.min(...finite), Math.max(...finite));
      c.path(losses.map((y, k) => [k, y]), "curve");
      c.dot(n - 1, losses[n - 1]);
      c.svg.setAttribute("aria-label", `${words.loss} ${longer(losses[n - 1])}`);
      panel.append(html("div", { className: "beside" }, [c.svg, ...plane()]));
    }
    if (model.plane && model.plane.others.length === 1) {
      const file = html("input", { type: "file", accept: ".csv,text/csv", id: "csv", hidden: true });
      file.addEventListener("change", async () => { if (file.files[0]) readPoints(await file.files[0].text()); });
      panel.append(html("div", { className: "buttons" }, [
        html("span", { className: "note", textContent: words.click_points }),
        ...[0, 1].map((c) => button(`class${c}`, `${words.class} ${c + 1}`, () => { state.paint = c; render(); }, state.paint === c)),
        button("clear", words.clear, () => setPoints([])), button("load", "CSV", () => file.click()), file,
      ]));
    }
    if (model.batch) {
      panel.append(html("div", { className: "buttons" }, [
        button("mean", words.mean, () => { state.times = 1; render(); }, state.times === 1),
        button("summed", words.summed, () => { state.times = batchSize(); render(); }, state.times !== 1),
        button("twice", words.twice, twice),
        html("span", { className: "note", id: "batch", textContent: batchSaid() }),
      ]));
    }
    panel.append(html("p", { className: "note", textContent: `${words.steps_done.replace("{count}", n - 1)}${ruleNow() ? "" : ` — ${words.update.replace("{rate}", longer(Number(state.rate.toPrecision(2))))}`}` }));
    if (n > 2 && !(losses[n - 1] <= losses[n - 2])) panel.append(html("p", { className: "feedback wrong", textContent: words.too_large }));
    depth(panel);
  }
  // All arguments at once, perhaps with another number of rows.
  function setAll(next) {
    given = { ...next };
    if (model.batch) model.sizes[model.batch.size] = parts(given[keyOf(model.batch.rows[0])]).shape[0];
    if (state.times !== 1) state.times = batchSize();
    now = compute();
    forget();
    choose(null);
    render();
  }

  // --- sum against mean, and the batch twice ------------------------------------------------------
  const batchSize = () => model.sizes[model.batch.size];
  const sizeOfAll = () => Math.sqrt(model.parameters.reduce((s, key) => {
    const g = now.gradients[key];
    return g === undefined ? s : s + parts(g).data.reduce((q, v) => q + (state.times * v) ** 2, 0);
  }, 0));
  const batchSaid = () => words.batch_said.replace("{count}", batchSize()).replace("{size}", longer(Number(sizeOfAll().toPrecision(3))));
  // Every row a second time: a mean stays what it is, a sum doubles.
  function twice() {
    if (batchSize() > 500) return;
    const next = { ...given };
    for (const id of model.batch.rows) {
      const x = given[keyOf(id)];
      next[keyOf(id)] = { shape: [2 * x.shape[0], ...x.shape.slice(1)], data: Float64Array.of(...x.data, ...x.data) };
    }
    setAll(next);
  }

  // --- points of one's own ----------------------------------------------------------------------------
  function pointsNow() {
    const x = parts(given[keyOf(model.plane.data)]), t = parts(given[keyOf(model.plane.others[0])]);
    const wide = t.shape[1] ?? 1;
    return Array.from({ length: x.shape[0] }, (_, k) => {
      const row = Array.from(t.data.slice(k * wide, (k + 1) * wide));
      return [x.data[2 * k], x.data[2 * k + 1], wide > 1 ? row.indexOf(Math.max(...row)) : Math.round(row[0])];
    });
  }
  function setPoints(points) {
    if (!points.length) points = [[0, 0, 0]];
    const data = keyOf(model.plane.data), answer = keyOf(model.plane.others[0]), { shape } = parts(given[answer]), wide = shape[1] ?? 1;
    const n = points.length, rows = points.flatMap(([, , c]) => (wide > 1 ? Array.from({ length: wide }, (_, k) => Number(k === c)) : [c]));
    setAll({
      ...given, [data]: { shape: [n, 2], data: Float64Array.from(points.flatMap(([u, v]) => [u, v])) },
      [answer]: { shape: [n, ...shape.slice(1)], data: Float64Array.from(rows) },
    });
  }
  // Two numbers and a class in a line; what is no point is left out.
  function readPoints(text) {
    const rows = text.split(/\r?\n/).map((line) => line.split(/[,;\t]/).map((v) => v.trim()));
    const labels = [...new Set(rows.filter(isPoint).map((r) => r[2] ?? "0"))].sort();
    const points = rows.filter(isPoint).map((r) => [Number(r[0]), Number(r[1]), labels.indexOf(r[2] ?? "0")]);
    if (points.length) setPoints(points.slice(0, 500));
  }
  const isPoint = (row) => row.length > 1 && row.slice(0, 2).every((v) => v !== "" && Number.isFinite(Number(v)));
  let timer = null;
  function run(on) {
    clearInterval(timer);
    state.running = on;
    timer = on ? setInterval(() => train(1, state.rate, ruleNow()), 60) : null;
    if (!on) render();
  }
  // The colours as numbers, read once for each theme: reading makes all styles anew.
  const hues = {};
  const huesNow = () => hues[document.documentElement.dataset.theme] ??= [...Array(8).keys()].map((k) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--c${k}`).trim().match(/\w\w/g).map((t) => parseInt(t, 16)));
  // What a network answers to points of the plane, where its data are such points.
  function plane() {
    if (!model.plane) return [];
    const { data, answer, others, size } = model.plane, x = parts(given[keyOf(data)]);
    // The frame stays as it is while points are added within it.
    if (largest(x.data) > state.reach || largest(x.data) < state.reach / 3) state.reach = 1.25 * largest(x.data);
    const { reach } = state;
    const n = 40, grid = new Float64Array(2 * n * n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
      grid[2 * (i * n + j)] = reach * ((2 * j) / (n - 1) - 1);
      grid[2 * (i * n + j) + 1] = reach * (1 - (2 * i) / (n - 1));
    }
    const own = { ...given, [keyOf(data)]: { shape: [n * n, 2], data: grid } };
    for (const id of others) {
      const { shape } = parts(given[keyOf(id)]), wide = [n * n, ...shape.slice(1)];
      own[keyOf(id)] = { shape: wide, data: new Float64Array(wide.reduce((a, b) => a * b, 1)) };
    }
    let said;
    try { said = parts(PROGRAM.forward(own, { ...model.sizes, [size]: n * n })[keyOf(answer)]); } catch { return []; }
    const classes = said.shape[1] ?? 1, canvas = html("canvas", { className: "plane", width: n, height: n });
    const context = canvas.getContext("2d"), image = context.createImageData(n, n);
    const ownHues = [...Array(Math.max(2, classes)).keys()].map((k) => huesNow()[[1, 0, 2, 3, 4, 6][k % 6]]);
    for (let k = 0; k < n * n; k++) {
      const row = classes > 1 ? Array.from(said.data.slice(k * classes, (k + 1) * classes)) : [1 - said.data[k], said.data[k]];
      const low = Math.min(...row, 0), total = row.reduce((s, v) => s + v - low, 0) || 1;
      const hue = [0, 1, 2].map((c) => row.reduce((s, v, q) => s + ((v - low) / total) * ownHues[q][c], 0));
      image.data.set([...hue, 150], 4 * k);
    }
    context.putImageData(image, 0, 0);
    const dots = make("svg", { viewBox: "0 0 100 100", class: "chart" });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", words.boundary);
    const target = others.length ? parts(given[keyOf(others[0])]) : null;
    for (let r = 0; r < x.data.length / 2; r++) {
      const row = target && target.shape[1] > 1 ? Array.from(target.data.slice(r * target.shape[1], (r + 1) * target.shape[1])) : target ? [1 - target.data[r], target.data[r]] : [1];
      const hue = row.indexOf(Math.max(...row));
      const circle = make("circle", { cx: 50 + (50 * x.data[2 * r]) / reach, cy: 50 - (50 * x.data[2 * r + 1]) / reach, r: 2.4, stroke: "#fff", "stroke-width": 0.7 });
      circle.style.fill = `var(--c${[1, 0, 2, 3, 4, 6][hue % 6]})`;
      dots.append(circle);
    }
    const box = html("div", { className: "plane-box", title: words.boundary }, [canvas, dots]);
    if (others.length === 1) box.addEventListener("click", (event) => {
      const { left, top, width, height } = box.getBoundingClientRect();
      const at = [(event.clientX - left) / width, (event.clientY - top) / height];
      setPoints([...pointsNow(), [reach * (2 * at[0] - 1), reach * (1 - 2 * at[1]), state.paint]]);
    });
    return [box];
  }
  // Where gradients thin with depth: a bar for each matrix, first layer first.
  function depth(panel) {
    const sized = model.parameters.map((key) => [key, now.gradients[key]]).filter(([, g]) => g !== undefined && parts(g).shape.length > 1);
    if (sized.length < 4) return;
    const bars = sized.map(([key, g]) => [values[idOf[key]].label, Math.sqrt(parts(g).data.reduce((s, v) => s + v * v, 0) / parts(g).data.length)]);
    const most = Math.max(...bars.map(([, v]) => v)) || 1, wide = 440 / bars.length;
    const svg = make("svg", { class: "chart", viewBox: "0 0 480 120", role: "img", "aria-label": words.depth });
    bars.forEach(([name, v], k) => {
      const text = make("text", { x: 24 + (k + 0.5) * wide, y: 116, "text-anchor": "middle" });
      text.textContent = bars.length < 16 ? name : "";
      svg.append(make("rect", { class: "bar", x: 24 + k * wide + 2, width: wide - 4, y: 100 - (92 * v) / most, height: (92 * v) / most }), text);
    });
    panel.append(html("p", { className: "note", textContent: words.depth }), svg);
  }

  // --- render ------------------------------------------------------------------------------------
  const codeLines = $$("#code li"), drawn = {};
  for (const [picture, view] of Object.entries(views)) {
    const spots = $$(".spot", view), edges = $$(".edge", view), spotOf = {};
    for (const spot of spots) for (const id of spot.dataset.place.split(" ")) spotOf[id] = spot;
    drawn[picture] = { spots, edges, spotOf, svg: $("svg.graph", view), back: $$(".of-gradient[data-name]", view) };
  }
  // Where the steps of a value are shown: in the innermost picture that holds it.
  const homes = {};
  for (const [picture, { holds }] of Object.entries(model.pictures)) for (const id of holds) homes[id] = picture;
  function showEdges(step, edges) {
    const used = new Set(step ? step.edges : []);
    let most = 0;
    const sizes = edges.map((edge) => {
      const factor = (edge.dataset.f || "").split(" ")[0], g = factor && now.along[factor];
      if (g === undefined || g === "") return null;
      const { data } = parts(g), size = Math.sqrt(data.reduce((s, v) => s + v * v, 0) / (data.length || 1));
      most = Math.max(most, Number.isFinite(size) ? size : 0);
      return { size, sum: data.reduce((s, v) => s + v, 0) };
    });
    edges.forEach((edge, k) => {
      const ids = edge.dataset.edge.split(" "), [source, target] = endsOf(ids[0]);
      edge.classList.toggle("used", ids.some((i) => used.has(i)));
      // Into a loop no one factor leads: what comes back is the sum of all its steps.
      const isActive = edge.dataset.f || (isLoop(target) && edge.classList.length);
      const isBack = Boolean(isActive) && isSeen("gradient", source) && state.step >= firstBack;
      edge.classList.toggle("back", isBack);
      edge.classList.toggle("neg", isBack && sizes[k] !== null && sizes[k].sum < 0);
      if (isBack && sizes[k]) edge.style.setProperty("--wide", (1.2 + 0.8 * Math.max(0, 3 + Math.log10(sizes[k].size / most || 1e-9))).toFixed(2));
    });
  }
  const isLoop = (id) => !values[bare(id)] || !values[bare(id)].gradient;
  // e-v3-v5-0, and within a loop e-s1-v3-s1-v5-0@2.
  function endsOf(edge) {
    const [, a, b] = /^e-((?:s\d+-)*v\d+)-((?:s\d+-)*v\d+)-/.exec(edge);
    return [a + copyOf(edge), b + copyOf(edge)];
  }

  function render() {
    const { step, mode } = state, active = steps[step - 1] || null;
    const side = active && active.phase === "forward" ? "value" : "gradient";
    const isBack = step >= firstBack;
    $("#app").dataset.mode = mode;
    showPicture(active);
    const { spots, edges, spotOf, svg, back } = drawn[state.picture];
    for (const grid of grids) if (grid.picture === state.picture) fill(grid);
    for (const element of back) element.style.display = isSeen("gradient", element.dataset.name) ? "" : "none";
    svg.classList.toggle("backward", isBack);
    for (const spot of spots) {
      spot.classList.remove("now", "going-back");
      spot.classList.toggle("back", spot.dataset.place.split(" ").some((id) => isSeen("gradient", id)));
    }
    if (active && spotOf[active.id]) {
      spotOf[active.id].classList.add("now");
      spotOf[active.id].classList.toggle("going-back", side === "gradient");
    }
    showEdges(active, edges);
    const isStepping = !["nudge", "train"].includes(mode);
    for (const moment of moments) moment.hidden = Number(moment.dataset.k) !== step || !isStepping;
    for (const rows of $$(".moment .scroll")) rows.hidden = !state.revealed;
    showCode(active ? active.lines : [], side);
    const isHidden = !state.revealed, output = model.outputs[0];
    const result = active && mode !== "nudge" && mode !== "train" ? table(side, active.id) : [];
    $("#result").replaceChildren(...result);
    light(state.cell);
    const panel = $("#panel");
    const focus = document.activeElement && panel.contains(document.activeElement) ? document.activeElement.id : "";
    // A slider that is held stays what it is: the panel is made anew around it.
    if (!(focus && panel.dataset.of === mode && refresh(panel, focus))) {
      panel.replaceChildren();
      if (!isStill) {
        if (mode === "nudge") nudgePanel(panel);
        else if (mode === "train") trainPanel(panel);
        else if (isHidden && active) askPanel(panel, active);
        else if (active) {
          slopePanel(panel, side === "value" ? active.id : upstreamOf(active.id));
          unrolled(panel, active, side);
        }
      }
      panel.dataset.of = mode;
      if (focus && $(`#${focus}`)) $(`#${focus}`).focus({ preventScroll: true });
    }
    panel.hidden = !panel.childNodes.length;
    lightPath();
    for (const element of $$("svg .cell.chosen")) element.classList.remove("chosen");
    if (mode === "nudge" && state.chosen) {
      const own = gridOf("value", state.chosen.id).cells.find((c) => c.index === state.chosen.index);
      if (own) own.cell.classList.add("chosen");
    }
    const name = model.is_loss || upstream.length ? (values[output].label) : words.loss;
    const value = isSeen("value", output) ? longer(now.loss) : "?";
    const what = model.is_loss ? name : words.sum;
    $("#loss").replaceChildren(`${what} = `, html("b", { textContent: value }));
    $("#where").textContent = `${step} / ${steps.length}`;
    $("#scrub").value = step;
    $("#scrub").setAttribute("aria-valuetext", `${step} / ${steps.length}`);
    $("#back").disabled = step === 0;
    $("#next").disabled = step === steps.length;
    $("#predict").setAttribute("aria-pressed", String(state.predict));
    $("#reveal").disabled = state.revealed;
    $("#play").setAttribute("aria-pressed", String(state.playing));
    for (const button of $$("[data-mode]", $("#bar"))) {
      const own = button.dataset.mode, isOn = own === mode || (["forward", "backward"].includes(mode) && own === (isBack ? "backward" : "forward"));
      button.setAttribute("aria-pressed", String(isOn && (own === mode || !["nudge", "train"].includes(mode))));
      if (["nudge", "train"].includes(own)) button.disabled = isStill || (own === "train" && !model.parameters.length);
    }
    const chain = active && side === "gradient" ? $(`[data-chain="${active.id}"]`) : null;
    if (chain && state.revealed) for (const span of $$("[data-chain]")) span.hidden = span !== chain;
    $("#chain").classList.toggle("empty", !isSeen("gradient", shownChain()));
  }
  const shownChain = () => { const span = $$("[data-chain]").find((s) => !s.hidden); return span ? span.dataset.chain : ""; };
  // The curve of a step backward is that of the function it goes back through.
  const upstreamOf = (id) => {
    const link = model.links[`d${id}`], up = link && link.terms.find(([side]) => side === "gradient");
    return up ? up[1] : "";
  };
  // The picture of the step, unless one that shows it too was chosen.
  function showPicture(active) {
    const shows = (picture) => active && active.id in drawn[picture].spotOf;
    const isPlayed = ["nudge", "train"].includes(state.mode);
    if (isPlayed) active = state.mode === "nudge" && state.chosen;
    const first = Object.keys(model.pictures)[0], isPinned = state.pinned && views[state.picture];
    const isHeld = state.heldAt === state.step || (isPinned && model.pictures[state.picture].copies);
    if (!isPinned || (active && !isHeld && !shows(state.picture)))
      state.picture = (active && homes[active.id]) || (isPinned ? state.picture : first);
    for (const [picture, view] of Object.entries(views)) view.hidden = picture !== state.picture;
    const path = [], own = model.pictures[state.picture];
    for (let p = state.picture; p; p = model.pictures[p].within) path.unshift(p);
    const crumbs = path.map((p) => {
      const button = html("button", { textContent: model.pictures[p].name, disabled: p === state.picture });
      button.addEventListener("click", () => openPicture(p));
      return button;
    });
    $("#path").hidden = path.length < 2;
    $("#path").replaceChildren(...crumbs.flatMap((b, k) => (k ? ["›", b] : [b])));
    if (own.copies) $("#path").append(loopSlider(Object.keys(model.loops).find((p) => model.loops[p].picture === state.picture), own.copies));
  }
  function openPicture(picture) {
    state.picture = picture;
    state.pinned = true;
    state.heldAt = state.step;
    render();
  }
  // Which steps of a loop are shown.
  function loopSlider(place, copies) {
    const loop = model.loops[place], first = state.first[place] || 0, most = loop.length - copies;
    const slider = html("input", { type: "range", id: "first", min: 0, max: most, step: 1, value: first });
    const said = () => words.steps_of.replace("{first}", (state.first[place] || 0) + 1).replace("{last}", (state.first[place] || 0) + copies).replace("{count}", loop.length);
    const text = html("span", { textContent: said() });
    slider.setAttribute("aria-label", said());
    slider.disabled = most < 1;
    slider.addEventListener("input", () => {
      state.first[place] = Number(slider.value);
      render();
      $("#first").focus({ preventScroll: true });
    });
    for (const name of $$(".spot .name, .spot .dname", views[state.picture])) {
      const id = (name.closest("[data-name]")?.dataset.name) || name.closest(".spot").dataset.place.split(" ").pop();
      const side = name.matches(".dname") ? "gradient" : "value", shift = loop.shifts[bare(id)];
      if (shift) name.firstChild.data = label(side, id);
    }
    return html("label", {}, [slider, text]);
  }

  // One function at a time: the one that the step is a line of.
  const numberOf = (line) => Number(line.id.slice(1));
  const blockOf = (phase) => {
    const numbers = steps.filter((s) => s.phase === phase).flatMap((s) => s.lines);
    const line = codeLines.find((l) => numbers.includes(numberOf(l)));
    return line ? line.dataset.block : "1";
  };
  const blocks = { value: blockOf("forward"), gradient: blockOf("backward") };
  let block = "";
  function showBlock(wanted) {
    if (block === wanted) return;
    block = wanted;
    const code = $("#code");
    for (const line of codeLines) line.hidden = line.dataset.block !== wanted;
    code.classList.remove("small");
    code.classList.toggle("small", code.scrollHeight > code.clientHeight + 1);
  }
  let shownCode = "";
  function showCode(lines, side) {
    // Where nothing changed nothing is measured: that would lay the page out at once.
    const now = `${lines} ${side} ${state.mode} ${block}`;
    if (now === shownCode) return;
    const active = codeLines.filter((line) => lines.includes(numberOf(line)));
    const isTrained = ["nudge", "train"].includes(state.mode);
    showBlock(active.length ? active[0].dataset.block : blocks[isTrained ? "gradient" : state.step ? side : "value"]);
    for (const line of codeLines) line.classList.toggle("now", active.includes(line));
    if (active.length) bring(active[0], $("#code"));
    shownCode = `${lines} ${side} ${state.mode} ${block}`;
  }
  function refresh(panel, focus) {
    if (panel.dataset.of !== "nudge" || focus !== "slider" || !nudged) return false;
    const slider = $("#slider"), fresh = document.createElement("div");
    nudgePanel(fresh);
    const name = $("b", panel.firstChild);
    name.textContent = named(state.chosen);
    const old = [...panel.childNodes].slice(1), made = [...fresh.childNodes].slice(1);
    old.forEach((element, k) => element.replaceWith(made[k]));
    const value = parts(given[keyOf(state.chosen.id)]).data[state.chosen.index];
    if (Number(slider.value) !== value) slider.value = value;
    $("#number").value = Number(value.toPrecision(6));
    return true;
  }
  function bring(line, box) {
    const top = line.offsetTop - box.offsetTop;
    if (top < box.scrollTop + 8 || top + line.offsetHeight > box.scrollTop + box.clientHeight - 8)
      box.scrollTop = top - box.clientHeight / 3;
  }

  // --- actions -------------------------------------------------------------------------------------
  function go(k, isRecorded = true) {
    state.step = Math.max(0, Math.min(steps.length, Math.round(k) || 0));
    state.revealed = !state.predict || state.step === 0 || isStill;
    state.cell = null;
    if (["nudge", "train"].includes(state.mode) && state.step < steps.length) state.mode = "forward";
    if (!["nudge", "train"].includes(state.mode)) state.mode = state.step >= firstBack ? "backward" : "forward";
    render();
    const moment = moments[state.step];
    if (moment && state.revealed) $("#said").textContent = `${state.step}. ${moment.querySelector(".title").textContent}`;
    if (isRecorded) record();
  }
  function record() {
    const kept = { step: state.step, mode: state.mode, factor: state.factor, cell: state.cell };
    const set = Object.fromEntries(Object.keys(given).filter((k) => given[k] !== begun[k]).map((k) => [k, nested(given[k])]));
    if (Object.keys(set).length && JSON.stringify(set).length < 4000) kept.values = set;
    try { history.replaceState(null, "", `#${encodeURIComponent(JSON.stringify(kept))}`); } catch { /* within a frame there is no address */ }
  }
  function setValue(name, index, value) {
    const id = model.names[name] ?? idOf[name];
    if (isStill) throw new Error(words.still);
    if (!id || !values[id].argument) throw new Error(`${name} is not an argument`);
    const key = keyOf(id), x = parts(given[key]);
    const where = [].concat(index);
    if (where.length !== x.shape.length || where.some((p, a) => !Number.isInteger(p) || p < 0 || p >= x.shape[a])) throw new Error(`${name} has the shape [${x.shape}]`);
    const data = x.data.slice();
    data[flat(where, x.shape)] = Number(value);
    given = { ...given, [key]: x.shape.length ? { shape: x.shape, data } : data[0] };
    now = compute();
  }
  function setCell(cell, value) {
    if (!Number.isFinite(value)) return;
    setValue(keyOf(cell.id), place(cell.index, parts(given[keyOf(cell.id)]).shape), value);
    render();
  }
  function enter(mode) {
    stop();
    if (mode === "forward") { state.mode = mode; go(state.step >= firstBack || state.step === 0 ? 1 : state.step); return; }
    if (mode === "backward") { state.mode = mode; go(state.step >= firstBack ? state.step : firstBack); return; }
    if (state.running) run(false);
    Object.assign(state, { mode, step: steps.length, revealed: true, cell: null });
    if (mode === "nudge" && !state.chosen) {
      const first = Object.keys(values).find((id) => values[id].argument && values[id].gradient && gridOf("value", id));
      if (first) choose({ side: "value", id: first, index: 0 });
    }
    render();
    record();
  }
  function reveal() { state.revealed = true; render(); }
  function stop() { clearInterval(state.timer); state.timer = null; state.playing = false; }
  function play() {
    if (state.playing) { stop(); render(); return; }
    if (state.step === steps.length) state.step = 0;
    state.playing = true;
    state.timer = setInterval(() => { if (state.step >= steps.length) { stop(); render(); } else go(state.step + 1); }, 1300);
    go(state.step + 1);
  }

  $("#back").addEventListener("click", () => { stop(); go(state.step - 1); });
  $("#next").addEventListener("click", () => { stop(); go(state.step + 1); });
  $("#play").addEventListener("click", play);
  $("#scrub").addEventListener("input", () => { stop(); go(Number($("#scrub").value)); });
  $("#predict").addEventListener("click", () => { state.predict = !state.predict; question.step = -1; go(state.step); });
  $("#reveal").addEventListener("click", reveal);
  for (const button of $$("[data-mode]", $("#bar"))) button.addEventListener("click", () => enter(button.dataset.mode));
  $("#theme").addEventListener("click", () => {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    render();
  });
  const drawer = $("#drawer");
  const openDrawer = (on) => {
    drawer.hidden = !on;
    $("#open").setAttribute("aria-expanded", String(on));
    ($(on ? ".close" : "#open", on ? drawer : document)).focus();
  };
  $("#open").addEventListener("click", () => openDrawer(drawer.hidden));
  $(".close", drawer).addEventListener("click", () => openDrawer(false));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") { if (!drawer.hidden) openDrawer(false); pin(null); return; }
    if (event.target.closest("input, select, textarea, #drawer")) return;
    const actions = { ArrowLeft: () => go(state.step - 1), ArrowRight: () => go(state.step + 1), Home: () => go(0), End: () => go(steps.length), p: () => $("#predict").click(), r: reveal };
    if (event.key === " " && !event.target.closest("button, summary, a")) { event.preventDefault(); play(); return; }
    if (!actions[event.key]) return;
    event.preventDefault();
    stop();
    actions[event.key]();
  });

  // --- one factor in all its places -----------------------------------------------------------------
  function showFactor(id) {
    for (const element of $$("[data-f].lit, #code li.lit")) element.classList.remove("lit");
    if (!id) return;
    for (const element of $$(`[data-f~="${id}"]`)) element.classList.add("lit");
    const line = $(`#code li[data-lines~="${id}"]`);
    if (line) { line.classList.add("lit"); showBlock(line.dataset.block); bring(line, $("#code")); }
  }
  const pin = (id) => { state.factor = state.factor === id ? null : id; showFactor(state.factor); };
  const factorAt = (target) => {
    const element = target instanceof Element && target.closest("[data-f]");
    return element ? element.dataset.f.split(" ")[0] : null;
  };
  document.addEventListener("mouseover", (event) => showFactor(factorAt(event.target) || state.factor));
  document.addEventListener("click", (event) => {
    const id = factorAt(event.target);
    if (!id) return;
    // A factor of the line on top leads to the step in which it is multiplied.
    const when = event.target.closest("#chain") && model.factors[id] ? at.gradient[model.factors[id][0]] : undefined;
    if (when !== undefined) { stop(); go(when); if (state.factor !== id) pin(id); } else pin(id);
    record();
  });
  document.addEventListener("focusin", (event) => { const id = factorAt(event.target); if (id) showFactor(id); });

  // --- cells: point at them, choose them, drag them -----------------------------------------------
  const cellAt = (target) => {
    const element = target instanceof Element && target.closest(".cell, td");
    return element && element.place ? element.place : null;
  };
  const isFree = (cell) => cell && cell.side === "value" && !isInLoop(cell.id) && values[cell.id].argument && !isStill;
  document.addEventListener("pointerover", (event) => {
    const cell = cellAt(event.target);
    if (cell) light(cell);
    else if (event.target instanceof Element && event.target.closest("#picture, #card")) light(state.cell);
  });
  document.addEventListener("focusin", (event) => { const cell = cellAt(event.target); if (cell) { state.cell = cell; light(cell); } });
  // A name leads to the step that computes it.
  $("#picture").addEventListener("click", (event) => {
    const opener = event.target instanceof Element && event.target.closest("[data-opens]");
    if (opener) { openPicture(opener.dataset.opens); return; }
    const name = event.target instanceof Element && event.target.closest(".name, .dname");
    if (!name) return;
    const spot = name.closest(".spot"), id = bare(spot.dataset.place.split(" ").pop());
    if (isInLoop(id)) return;
    const when = at[name.matches(".name") ? "value" : "gradient"][id];
    if (when !== undefined) { stop(); go(when); }
  });
  $("#picture").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.closest("[data-opens]")) openPicture(event.target.closest("[data-opens]").dataset.opens);
  });
  const choosing = (event) => {
    const td = event.target instanceof Element && event.target.closest(".choices td");
    if (!td || (event.type === "keydown" && event.key !== "Enter")) return;
    choose(td.place);
    render();
  };
  $("#card").addEventListener("click", choosing);
  $("#card").addEventListener("keydown", choosing);
  let drag = null;
  $("#picture").addEventListener("pointerdown", (event) => {
    const cell = cellAt(event.target);
    if (!cell) return;
    state.cell = cell;
    if (state.mode === "nudge" && isFree(cell)) {
      choose(cell);
      drag = { x: event.clientX, from: parts(given[keyOf(cell.id)]).data[cell.index], cell };
      event.preventDefault();
      $("#picture").setPointerCapture(event.pointerId);
    }
    render();
    record();
  });
  $("#picture").addEventListener("pointermove", (event) => {
    if (!drag) return;
    const reach = nudged.high - nudged.low;
    setCell(drag.cell, drag.from + ((event.clientX - drag.x) * reach) / 300);
  });
  const drop = () => { if (drag) { drag = null; record(); } };
  $("#picture").addEventListener("pointerup", drop);
  $("#picture").addEventListener("pointercancel", drop);
  $("#card").addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }, td = event.target.closest("td");
    if (!td || !moves[event.key] || !td.place) return;
    event.preventDefault();
    event.stopPropagation();
    const [dr, dc] = moves[event.key], row = td.parentNode.parentNode.rows[td.parentNode.rowIndex + dr];
    const next = row && row.cells[td.cellIndex + dc];
    if (next) next.focus();
  });

  // --- for notebooks, tests and the curious ------------------------------------------------------
  const byName = (object) => Object.fromEntries(
    Object.entries(model.names).map(([name, id]) => [name, object[keyOf(id)]])
      .filter(([, x]) => x !== undefined).map(([name, x]) => [name, nested(x)]));
  const byId = (object, place) => Object.fromEntries(
    Object.keys(values).filter((id) => loopOf[id] === place && object[keyOf(id)] !== undefined)
      .map((id) => [id, nested(object[keyOf(id)])]));
  window.derivo = {
    get values() { return byName(now.value); },
    get gradients() { return byName(now.gradients); },
    get loss() { return now.loss; },
    get steps() { return steps.length; },
    get pictures() { return Object.keys(model.pictures); },
    open(picture) { openPicture(picture); },
    /** Values and gradients of every step of a loop, by the id of the loop. */
    loop(place) { return stepsOf(place).map(({ value, gradient }) => ({ values: byId(value, place), gradients: byId(gradient, place) })); },
    get state() { const { timer: _, ...kept } = state; return JSON.parse(JSON.stringify(kept)); },
    set(name, index, value) { setValue(name, index, value); choose(null); render(); },
    step(k) { stop(); go(k); },
    reveal,
    train(count, rate) { stop(); train(count, rate); },
  };

  // --- beginning ----------------------------------------------------------------------------------
  const dark = window.matchMedia && matchMedia("(prefers-color-scheme: dark)").matches;
  if (dark) document.documentElement.dataset.theme = "dark";
  if (model.rule) state.rate = PROGRAM.rules[model.rule].rate;
  const asked = () => {
    try {
      const text = decodeURIComponent(location.hash.slice(1)), plain = /^step=(\d+)$/.exec(text);
      return plain ? { step: Number(plain[1]) } : JSON.parse(text);
    } catch { return {}; }
  };
  function follow() {
    const wanted = asked() || {};
    if (!isStill) for (const [key, list] of Object.entries(wanted.values || {})) {
      const old = given[key] === undefined ? null : parts(given[key]);
      const data = Float64Array.from([list].flat(9), Number);
      if (old && data.length === old.data.length) given[key] = old.shape.length ? { shape: old.shape, data } : data[0];
    }
    if (wanted.values && !isStill) now = compute();
    wanted.mode ??= wanted.step === undefined ? model.mode : undefined;
    if (["nudge", "train"].includes(wanted.mode) && !isStill) enter(wanted.mode);
    else go(wanted.step || 0, false);
    if (wanted.factor) { state.factor = wanted.factor; showFactor(wanted.factor); }
    if (wanted.cell && values[wanted.cell.id]) { state.cell = wanted.cell; light(wanted.cell); }
  }
  window.addEventListener("hashchange", follow);
  window.addEventListener("beforeprint", () => {
    Object.assign(state, { step: steps.length, revealed: true });
    render();
    for (const shown of [...moments, ...codeLines]) shown.hidden = false;
    for (const fold of $$("details")) fold.open = true;
  });
  window.addEventListener("afterprint", () => { block = ""; render(); });
  follow();
})();

// Nudge: a number is moved, and the gradient predicts what comes of it.
function curveOf(cell) {
  const base = parts(given[cell.id]), v = base.data[cell.index];
  const reach = Math.max(1, Math.abs(v)), points = [];
  for (let k = 0; k <= 40; k++) {
    const u = v - reach + (reach * k) / 20, data = base.data.slice();
    data[cell.index] = u;
    const own = { ...given, [cell.id]: base.shape.length ? { shape: base.shape, data } : u };
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
  const value = parts(given[cell.id]).data[cell.index];
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
const freeIds = () => Object.keys(values).filter((id) => values[id].is_argument && values[id].has_gradient);

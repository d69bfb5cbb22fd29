// Nudge: a number is moved, and the gradient predicts what comes of it.
let nudged = null; // what the chosen number was, the curve along it, and what moves it
function choose(cell) {
  state.chosen = cell;
  nudged = cell && !isStill ? { ...curveOf(cell), ...moverOf(cell) } : null;
}
const numberOf = ({ side, id, index }) => parts(array(side, id)).data[index];
const reachOf = (v) => Math.max(1, Math.abs(v));
function curveOf(cell) {
  const base = parts(given[cell.id]), v = numberOf(cell), reach = reachOf(v), points = [];
  for (let k = 0; k <= 40; k++) {
    const u = v - reach + (reach * k) / 20, data = base.data.slice();
    data[cell.index] = u;
    const own = { ...given, [cell.id]: base.shape.length ? { shape: base.shape, data } : u };
    points.push([u, lossOf(PROGRAM.forward(own, model.sizes))]);
  }
  const gradient = array("gradient", cell.id);
  const slope = gradient === undefined ? NaN : parts(gradient).data[cell.index];
  return { v, loss: now.loss, slope, points, low: v - reach, high: v + reach };
}
// What moves a number stays what it is while it is held: all else is made anew around it.
function moverOf(cell) {
  const v = numberOf(cell), reach = reachOf(v), move = (u) => setCell(cell, u), said = named(cell);
  const which = html("select", { id: "which" }, freeIds().map((id) => html("option", { value: id, textContent: values[id].label, selected: id === cell.id })));
  which.setAttribute("aria-label", words.which);
  which.addEventListener("change", () => { choose({ side: "value", id: which.value, index: 0 }); render(); });
  const slider = field(said, "input", move, { type: "range", id: "slider", min: v - reach, max: v + reach, step: reach / 200, value: v });
  const number = field(said, "change", move, { type: "number", id: "number", step: 0.05 });
  return { slider, number, mover: html("label", {}, [which, html("b", { textContent: said }), slider, number]) };
}
function nudgePanel() {
  if (!state.chosen) return [note(words.choose.replace("{names}", freeIds().map((id) => values[id].label).join(", ")))];
  const cell = state.chosen, value = numberOf(cell), { v, loss, slope, points, low, high, slider, number, mover } = nudged;
  if (Number(slider.value) !== value) slider.value = value;
  number.value = Number(value.toPrecision(6));
  const moved = value - v, h = Math.abs(moved) < 1e-12 * reachOf(v) ? 0 : moved, isKnown = Number.isFinite(slope);
  const facts = [[words.change, longer(h)], [words.true, rounded(h ? now.loss - loss : 0)]];
  if (isKnown) facts.splice(1, 0, [words.predicted, `${longer(slope)} · ${bracketed(h)} = ${rounded(slope * h)}`]);
  const list = facts.flatMap(([name, text]) => [html("dt", { textContent: name }), html("dd", { textContent: text })]);
  const heights = points.map(([, y]) => y).filter(Number.isFinite).concat(now.loss);
  const c = chart(low, high, Math.min(...heights), Math.max(...heights));
  c.path(points, "curve");
  if (isKnown) c.path(tangent(v, loss, slope, low, high, c), "tangent");
  c.dot(v, loss, "dot other");
  c.dot(value, now.loss);
  c.svg.setAttribute("aria-label", `${named(cell)}: ${words.slope_here} ${longer(slope)}`);
  // The numbers once more, for the keyboard: Enter chooses one.
  const choices = html("div", { className: "scroll choices" }, table("value", cell.id));
  return [mover, html("dl", { className: "facts" }, list), ...pathPanel(cell), c.svg, choices];
}
const freeIds = () => Object.keys(values).filter((id) => values[id].is_argument && values[id].has_gradient);

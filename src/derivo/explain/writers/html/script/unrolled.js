// A layer as single numbers.
const FEW = 6;
function unrolled(active, side) {
  const cell = { side, id: active.id, index: 0 }, x = array(side, active.id);
  if (x === undefined || !isSeen(side, active.id)) return [];
  if (state.cell && state.cell.id === active.id && state.cell.side === side) cell.index = state.cell.index;
  const found = linked(cell);
  if (!found || !["product", "sum"].includes(found.link.kind) || !found.link.is_plain || found.rows.length > 3 * FEW) return [];
  const opener = button(words.unroll, () => { state.unroll = !state.unroll; render(); }, { id: "unroll", pressed: state.unroll });
  const row = html("div", { className: "buttons" }, [opener]);
  if (!state.unroll) return [row];
  $("#result").replaceChildren();
  const isLayer = found.link.kind === "product" && parts(x).shape.length === 2 && !isOverBatch(active, side);
  return [row, ...(isLayer ? neurons(cell, x) : [merging(cell, found)])];
}
// The gradient of a weight, and of a bias, is a sum over the rows: it is drawn as one.
const isOverBatch = (active, side) => side === "gradient" && values[active.id].is_argument && model.parameters.includes(active.id);
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
    const line = make("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], "stroke-width": 0.8 + (3 * Math.abs(weight)) / most, class: `wire${factor ? ` ${markOf(factor)}` : ""}` });
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
    const y = tall / 2 + (k - (n - 1) / 2) * step, text = make("text", { x: 116, y: y + 4, class: factor ? `${markOf(factor)}` : "" });
    text.textContent = r.map((t) => bracketed(t.value, rounded)).join(" · ");
    svg.append(make("path", { class: `wire${factor ? ` ${markOf(factor)}` : ""}`, d: `M212 ${y}C270 ${y} 270 ${tall / 2} 300 ${tall / 2}` }), text);
  });
  svg.append(make("line", { class: "wire", x1: 314, y1: tall / 2, x2: 370, y2: tall / 2 }), disc(302, tall / 2, "Σ", "small"), disc(392, tall / 2, short(value), isBack ? "result back" : "result"));
  return svg;
}

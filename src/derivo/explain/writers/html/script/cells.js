// The cells of the graph: made once for a shape, filled at every change.
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

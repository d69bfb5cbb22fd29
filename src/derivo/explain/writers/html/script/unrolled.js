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
  const isRow = found.link.kind === "product" && parts(x).shape.length === 2 && !isOverBatch(active, side);
  const columns = isRow ? parts(x).shape[1] : 1, first = cell.index - (cell.index % columns);
  const cells = isRow ? Array.from({ length: columns }, (_, j) => linked({ ...cell, index: first + j })) : [found];
  const label = isRow ? words.one_row.replace("{count}", first / columns + 1) : `${named(cell)} ${told(cell)}`;
  const picture = columns > FEW || (isRow && found.rows.length > FEW) ? null : wired(cell, cells, label);
  if (!picture) return [row];
  return [row, picture, ...(isRow ? [html("p", { className: "note", textContent: label })] : [])];
}
// The gradient of a weight, and of a bias, is a sum over the rows: it is drawn as one.
const isOverBatch = (active, side) => side === "gradient" && values[active.id].is_argument && model.parameters.includes(active.id);
const disc = (x, y, text, kind = "") => {
  const element = make("text", { x, y: y + 4 });
  element.textContent = text;
  return make("g", { class: `disc ${kind}` }, [make("circle", { cx: x, cy: y, r: 23 }), element]);
};
// Numbers and what they are multiplied by: the layer as it is drawn by hand, or the terms of one sum.
function wired(cell, cells, label) {
  const [terms, other] = cells.map((c) => c.rows[0]), inner = cells[0].rows.length, isBack = cell.side === "gradient";
  // What is the same for every result enters, what comes back if there is but one; the other is on the lines.
  const enters = other ? terms.findIndex((t, k) => other[k].index === t.index && other[k].id === t.id) : Math.max(0, terms.findIndex((t) => t.side === "gradient"));
  if (enters < 0) return null;
  const step = inner > 8 ? 48 : 62, tall = step * Math.max(cells.length, inner) + 10, [left, right] = isBack ? [400, 60] : [60, 400];
  const y = (k, n) => tall / 2 + (k - (n - 1) / 2) * step;
  const svg = make("svg", { class: "unrolled", viewBox: `0 0 460 ${tall}`, role: "img", "aria-label": label });
  const ends = [cell.id, terms[enters].id], factor = factorBetween(...(isBack ? ends : ends.reverse()));
  const weight = (r) => r.reduce((product, t, k) => (k === enters ? product : product * t.value), 1);
  const most = Math.max(...cells.flatMap((c) => c.rows.map((r) => Math.abs(weight(r))))) || 1;
  cells.forEach(({ rows }, j) => rows.forEach((r, k) => {
    const x1 = left, y1 = y(k, inner), x2 = right, y2 = y(j, cells.length), t = 0.3 + 0.12 * (j % 3);
    const width = 0.8 + (3 * Math.abs(weight(r))) / most;
    svg.append(make("line", { x1, y1, x2, y2, "stroke-width": width, class: `wire${factor ? ` ${markOf(factor)}` : ""}` }));
    const text = make("text", { class: "on-wire", x: x1 + t * (x2 - x1), y: y1 + t * (y2 - y1) - 3 });
    text.textContent = r.length > 1 ? short(weight(r)) : "";
    svg.append(text);
  }));
  cells[0].rows.forEach((r, k) => svg.append(disc(left, y(k, inner), short(r[enters].value))));
  cells.forEach(({ value }, j) => svg.append(disc(right, y(j, cells.length), short(value), isBack ? "result back" : "result")));
  return svg;
}

// The strongest path from a number to the result.
// From a number to the result along the largest terms: what is passed, factor by factor.
// The classes of a factor: its colour, and its texture where the colour came before.
const markOf = (id) => {
  const mark = id.replace(/\d+$/, "").slice(-1).charCodeAt(0) - 97, texture = Math.floor(mark / 8);
  return `c${mark % 8}${texture ? ` t${texture}` : ""}`;
};
const factorBetween = (operand, reader) => Object.keys(model.factors).find((f) => model.factors[f][0] === operand && model.factors[f].slice(1).includes(reader));
// Of an operation that mixes entries, as softmax does: the largest term of the row of
// its Jacobian. What comes back is linear in the upstream gradient, entry by entry.
const MIXED = 256;
function throughJacobian(at) {
  const { from, back } = PROGRAM.passing[at.id] || {}, upstream = from && array("gradient", from);
  if (upstream === undefined || !isSeen("gradient", from)) return null;
  const { shape, data } = parts(upstream);
  if (!shape.length || data.length > MIXED) return null;
  let best = null;
  data.forEach((v, k) => {
    if (!v) return;
    const unit = { shape, data: new Float64Array(data.length) };
    unit.data[k] = 1;
    const local = parts(back(now.value, unit, model.sizes)).data[at.index];
    if (!best || Math.abs(local * v) > Math.abs(best.local * best.up.value)) best = { up: { side: "gradient", id: from, index: k, value: v }, local, at };
  });
  return best && Number.isFinite(best.local) && best.local ? best : null;
}
// Of a value that is read more than once: the largest of what comes back, where that
// comes from the same cell of a reader.
function throughBranch(at) {
  const own = Object.entries(model.factors).filter(([id, [operand]]) => operand === at.id && id in now.along);
  if (own.length < 2) return null;
  const ways = own.map(([id, [, , from]]) => ({ along: parts(now.along[id]), from }));
  const size = ({ along }) => Math.abs(along.data[at.index] ?? 0);
  const { along, from } = ways.reduce((m, w) => (size(w) > size(m) ? w : m));
  const upstream = array("gradient", from), value = upstream !== undefined && parts(upstream).data[at.index];
  if (!value || String(parts(upstream).shape) !== String(along.shape)) return null;
  return { up: { side: "gradient", id: from, index: at.index, value }, local: along.data[at.index] / value, at };
}
function strongest({ id, index }) {
  const found = [];
  for (let at = { side: "gradient", id, index }, k = 0; k < 60; k++) {
    const here = linked(at), mixed = throughJacobian(at) || throughBranch(at);
    if (mixed) { found.push(mixed); at = mixed.up; continue; }
    const terms = [];
    if (!here) break;
    const { link, rows, value } = here;
    for (const row of rows) {
      const ups = row.filter((t) => t.side === "gradient"), others = row.filter((t) => t.side === "value");
      if (!ups.length || (ups.length > 1 && link.sign !== "+")) continue;
      const isProduct = link.is_plain && (link.kind === "product" || ["⊙", "×"].includes(link.sign));
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
  if (!path.length) return [];
  const end = path[path.length - 1].up, product = path.reduce((p, t) => p * t.local, end.value);
  const line = html("p", { className: "product", id: "product" }, [`${words.path} `]);
  if (end.value !== 1) line.append(html("span", { textContent: bracketed(end.value, rounded) }), " · ");
  // What only passes a gradient on is no factor to be read.
  const seen = path.filter((t) => t.local !== 1).reverse().map((t) => ({ ...t, factor: factorBetween(bare(t.at.id), bare(t.up.id)) }));
  // More factors than there are marks: only their numbers tell them apart.
  const marks = seen.flatMap(({ factor }) => (factor ? [markOf(factor)] : [])), isNumbered = new Set(marks).size < marks.length;
  seen.forEach(({ local, at, up, factor }, k) => {
    const span = html("span", { textContent: bracketed(local, rounded), className: factor ? `f ${markOf(factor)}` : "", title: `${named(up)} → ${named(at)}` });
    if (factor) span.dataset.f = factor;
    if (factor && isNumbered) span.append(html("sub", { textContent: /\d+$/.exec(factor)[0] }));
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

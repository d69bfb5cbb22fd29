// Where a cell comes from.
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
const below = (n) => String(n).replace(/\d/g, (c) => "₀₁₂₃₄₅₆₇₈₉"[c]).replace("-", "₋");
function label(side, id) {
  const own = values[bare(id)];
  if (!isInLoop(id)) return side === "value" ? own.label : own.adjoint;
  const shift = loops[loopOf(id)].shifts[bare(id)];
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
  if (link.kind === "product" && link.is_plain) return `${listed.join(" + ")} = ${end}`;
  if (link.kind === "sum" && link.is_plain) return `${listed.join(" + ")} = ${end}`;
  if (link.kind === "mean" && link.is_plain) return `(${listed.join(" + ")}) / ${rows.length} = ${end}`;
  if (["max", "min"].includes(link.kind)) return `${link.kind}(${listed.join(", ")}) = ${end}`;
  const terms = rows[0] || [];
  if (link.kind !== "each" || rows.length > 1) return `= ${end}`;
  if (terms.length === 1 && link.sign === "=") return `= ${end}`;
  if (terms.length === 1 && link.is_plain && /^\p{L}/u.test(link.sign)) return `${link.sign}(${longer(terms[0].value)}) = ${end}`;
  const signs = { "+": " + ", "−": " − ", "⊙": " · ", "×": " · ", "/": " / " };
  if (terms.length === 2 && link.is_plain && signs[link.sign]) return `${terms.map((t) => bracketed(t.value)).join(signs[link.sign])} = ${end}`;
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

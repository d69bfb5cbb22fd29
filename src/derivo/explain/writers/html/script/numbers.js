// Numbers as they are shown.
const model = JSON.parse($("#model").textContent), words = JSON.parse($("#words").textContent);
const { steps, names: idOf } = model;
const by = (key, list) => Object.fromEntries(list.map((item) => [item[key], item]));
const values = by("id", model.values), drawings = by("id", model.pictures), loops = by("place", model.loops);
const isStill = PROGRAM === null;
const runtime = isStill ? null : PROGRAM.R;

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
// With the sign and the mark that people write: −0.5, in French −0,5.
const decimalMark = (0.5).toLocaleString(document.documentElement.lang)[1];
const asWritten = (text) => text.replaceAll("-", "−").replace(".", decimalMark);
function short(v) {
  if (!Number.isFinite(v)) return Number.isNaN(v) ? "NaN" : v > 0 ? "∞" : "−∞";
  const size = Math.abs(v);
  if (Number.isInteger(v) && size < 1e4) return asWritten(String(v));
  const text = size >= 1e4 || size < 9.5e-4 ? v.toExponential(0)
    : size >= 100 ? v.toFixed(0) : size >= 10 ? v.toFixed(1)
      : size >= 0.095 ? v.toFixed(2) : v.toFixed(3);
  return asWritten(text.replace("e+", "e"));
}
// A result has fewer figures than what it is made of: what is shown comes to it.
const figures = (v, n) => (Number.isFinite(v) ? asWritten(String(Number(v.toPrecision(n)))) : short(v));
const rounded = (v) => figures(v, 3), longer = (v) => figures(v, 5);
const bracketed = (v, written = longer) => (v < 0 ? `(${written(v)})` : written(v));

// Points of one's own.
function pointsNow() {
  const x = parts(given[model.plane.data]), t = parts(given[model.plane.others[0]]);
  const wide = t.shape[1] ?? 1;
  return Array.from({ length: x.shape[0] }, (_, k) => {
    const row = Array.from(t.data.slice(k * wide, (k + 1) * wide));
    return [x.data[2 * k], x.data[2 * k + 1], wide > 1 ? row.indexOf(Math.max(...row)) : Math.round(row[0])];
  });
}
function setPoints(points) {
  if (!points.length) points = [[0, 0, 0]];
  const data = model.plane.data, answer = model.plane.others[0], { shape } = parts(given[answer]), wide = shape[1] ?? 1;
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

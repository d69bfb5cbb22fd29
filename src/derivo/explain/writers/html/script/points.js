// Points of one's own.
function pointsNow() {
  const { data, others } = model.plane, x = parts(given[data]), t = others.length ? parts(given[others[0]]) : null;
  const classOf = (row) => (row.length > 1 ? row.indexOf(Math.max(...row)) : Math.round(row[0]));
  return Array.from({ length: x.shape[0] }, (_, k) => {
    const wide = t ? t.shape[1] ?? 1 : 0, c = t ? classOf(Array.from(t.data.slice(k * wide, (k + 1) * wide))) : 0;
    return [x.data[2 * k], x.data[2 * k + 1], c];
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
// What adds points, and takes them away.
function pointsPanel() {
  if (!model.plane || model.plane.others.length !== 1) return [];
  const file = html("input", { type: "file", accept: ".csv,text/csv", id: "csv", hidden: true });
  file.addEventListener("change", async () => { if (file.files[0]) readPoints(await file.files[0].text()); });
  const classes = [0, 1].map((c) => {
    const own = button(`${words.class} ${c + 1}`, () => { state.paint = c; render(); }, { id: `class${c}`, className: "of-class", pressed: state.paint === c });
    own.style.setProperty("--class", classHue(c));
    return own;
  });
  return [html("div", { className: "buttons" }, [
    note(words.click_points), ...classes, button(words.clear, () => setPoints([]), { id: "clear" }),
    button("CSV", () => file.click(), { id: "load" }), file,
  ])];
}
const isPoint = (row) => row.length > 1 && row.slice(0, 2).every((v) => v !== "" && Number.isFinite(Number(v)));
let timer = null;
function run(on) {
  clearInterval(timer);
  state.running = on;
  timer = on ? setInterval(() => train(1, state.rate, ruleNow()), 60) : null;
  if (!on) render();
}

// What a network says of the plane, and how gradients thin with depth.
// The colours as numbers, read once for each theme: reading makes all styles anew.
const hues = {};
const huesNow = () => hues[root.dataset.theme] ??= [...Array(8).keys()].map((k) =>
  getComputedStyle(root).getPropertyValue(`--c${k}`).trim().match(/\w\w/g).map((t) => parseInt(t, 16)));
const classHue = (k) => `var(--c${[1, 0, 2, 3, 4, 6][k % 6]})`;
// What a network answers to points of the plane, where its data are such points.
function plane() {
  if (!model.plane) return [];
  const { data, answer, others, size } = model.plane, x = parts(given[data]);
  // The frame stays as it is while points are added within it.
  if (largest(x.data) > state.reach || largest(x.data) < state.reach / 3) state.reach = 1.25 * largest(x.data);
  const { reach } = state;
  const n = 40, grid = new Float64Array(2 * n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
    grid[2 * (i * n + j)] = reach * ((2 * j) / (n - 1) - 1);
    grid[2 * (i * n + j) + 1] = reach * (1 - (2 * i) / (n - 1));
  }
  const own = { ...given, [data]: { shape: [n * n, 2], data: grid } };
  for (const id of others) {
    const { shape } = parts(given[id]), wide = [n * n, ...shape.slice(1)];
    own[id] = { shape: wide, data: new Float64Array(wide.reduce((a, b) => a * b, 1)) };
  }
  let said;
  try { said = parts(PROGRAM.forward(own, { ...model.sizes, [size]: n * n })[answer]); } catch { return []; }
  const classes = said.shape[1] ?? 1, canvas = html("canvas", { className: "plane", width: n, height: n });
  const context = canvas.getContext("2d"), image = context.createImageData(n, n);
  const ownHues = [...Array(Math.max(2, classes)).keys()].map((k) => huesNow()[[1, 0, 2, 3, 4, 6][k % 6]]);
  for (let k = 0; k < n * n; k++) {
    const row = classes > 1 ? Array.from(said.data.slice(k * classes, (k + 1) * classes)) : [1 - said.data[k], said.data[k]];
    const low = Math.min(...row, 0), total = row.reduce((s, v) => s + v - low, 0) || 1;
    const hue = [0, 1, 2].map((c) => row.reduce((s, v, q) => s + ((v - low) / total) * ownHues[q][c], 0));
    image.data.set([...hue, 150], 4 * k);
  }
  context.putImageData(image, 0, 0);
  const dots = make("svg", { viewBox: "0 0 100 100", class: "dots" });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words.boundary);
  for (const [u, v, c] of pointsNow()) {
    const circle = make("circle", { cx: 50 + (50 * u) / reach, cy: 50 - (50 * v) / reach, r: 2.4, stroke: "#fff", "stroke-width": 0.7 });
    circle.style.fill = classHue(c);
    dots.append(circle);
  }
  const box = html("div", { className: "plane-box", title: words.boundary }, [canvas, dots]);
  if (others.length === 1) box.addEventListener("click", (event) => {
    const { left, top, width, height } = box.getBoundingClientRect();
    const at = [(event.clientX - left) / width, (event.clientY - top) / height];
    setPoints([...pointsNow(), [reach * (2 * at[0] - 1), reach * (1 - 2 * at[1]), state.paint]]);
  });
  return [box];
}
// Where gradients thin with depth: a bar for each matrix, first layer first.
function depth() {
  const sized = model.parameters.map((key) => [key, now.gradients[key]]).filter(([, g]) => g !== undefined && parts(g).shape.length > 1);
  if (sized.length < 4) return [];
  const bars = sized.map(([key, g]) => [values[key].label, Math.sqrt(parts(g).data.reduce((s, v) => s + v * v, 0) / parts(g).data.length)]);
  const most = Math.max(...bars.map(([, v]) => v)) || 1, wide = 440 / bars.length;
  const svg = make("svg", { class: "chart", viewBox: "0 0 480 120", role: "img", "aria-label": words.depth });
  bars.forEach(([name, v], k) => {
    const text = make("text", { x: 24 + (k + 0.5) * wide, y: 116, "text-anchor": "middle" });
    text.textContent = bars.length < 16 ? name : "";
    svg.append(make("rect", { class: "bar", x: 24 + k * wide + 2, width: wide - 4, y: 100 - (92 * v) / most, height: (92 * v) / most }), text);
  });
  return [note(words.depth), svg];
}

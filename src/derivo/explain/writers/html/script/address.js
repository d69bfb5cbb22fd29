// A moment as an address. The page writes one of its own as JSON; a link from a text
// says what it leads to: #step=dw&cell=dw,0,1  #nudge=w1,0,1&by=0.5  #open=saved
// #mode=train&rate=30&train=5  #mode=train&times=sum&rows=twice  #step=db&show=numbers
function placeOf(name) {
  if (idOf[name]) return { side: "value", id: idOf[name] };
  const id = name[0] === "d" && idOf[name.slice(1)];
  return id ? { side: "gradient", id } : null;
}
// A step by its number, or by what it computes: h, dw1.
function stepOf(text) {
  if (text === "last") return steps.length;
  const place = placeOf(text);
  return place ? at[place.side][place.id] ?? 0 : Number(text) || 0;
}
// A cell by name and indices from 0 on: dw,0,1.
function cellOf(text) {
  const [name, ...where] = text.split(","), place = placeOf(name), x = place && array(place.side, place.id);
  if (x === undefined || x === null) return null;
  const { shape, data } = parts(x), index = shape.length ? flat(where.map(Number), shape) : 0;
  return where.length === shape.length && index in data ? { ...place, index } : null;
}
function visit(asked) {
  const mode = asked.get("mode") ?? (asked.has("nudge") ? "nudge" : asked.has("step") ? "" : model.mode);
  stop();
  if (state.running) run(false);
  if (!isStill) { given = { ...begun }; now = compute(); }
  forget();
  Object.assign(state, { predict: asked.has("predict"), unroll: asked.get("show") === "numbers", times: 1, factor: null, chosen: null, mode: "forward" });
  question.step = -1;
  if (["nudge", "train"].includes(mode) && !isStill) enter(mode);
  else go(mode === "backward" ? firstBack : stepOf(asked.get("step") ?? "0"), false);
  const chosen = asked.has("nudge") && !isStill ? cellOf(asked.get("nudge")) : null;
  if (chosen && values[chosen.id].is_argument) {
    choose(chosen);
    setCell(chosen, parts(given[chosen.id]).data[chosen.index] + (Number(asked.get("by")) || 0));
  }
  if (state.mode === "train") {
    if (Number(asked.get("rate")) > 0) state.rate = Number(asked.get("rate"));
    if (asked.get("times") === "sum" && model.batch) state.times = batchSize();
    if (asked.get("rows") === "twice" && model.batch) twice();
    if (Number(asked.get("train")) > 0) train(Math.min(1000, Number(asked.get("train"))), state.rate, ruleNow());
    render();
  }
  const cell = asked.has("cell") ? cellOf(asked.get("cell")) : null;
  if (cell) { state.cell = cell; render(); }
  if (asked.has("factor")) pin(asked.get("factor"));
  const opened = asked.get("open"), place = opened && placeOf(opened);
  const story = place && moments.map((m) => $("[data-story]", m)).find((b, k) => b && k && steps[k - 1].id === place.id);
  const found = story ? document.getElementById(story.dataset.story) : opened && document.getElementById(opened);
  if (found && drawer.contains(found)) showStory(found);
}
function follow() {
  let text = location.hash.slice(1), kept = null;
  try { text = decodeURIComponent(text); kept = JSON.parse(text); } catch { /* a link from a text */ }
  if (!kept || typeof kept !== "object") { visit(new URLSearchParams(text)); return; }
  if (!isStill) for (const [key, list] of Object.entries(kept.values || {})) {
    const old = given[key] === undefined ? null : parts(given[key]);
    const data = Float64Array.from([list].flat(9), Number);
    if (old && data.length === old.data.length) given[key] = old.shape.length ? { shape: old.shape, data } : data[0];
  }
  if (kept.values && !isStill) now = compute();
  if (["nudge", "train"].includes(kept.mode) && !isStill) enter(kept.mode);
  else go(kept.step || 0, false);
  if (kept.factor) { state.factor = kept.factor; showFactor(kept.factor); }
  if (kept.cell && values[kept.cell.id]) { state.cell = kept.cell; light(kept.cell); }
}

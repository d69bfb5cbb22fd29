// A moment as an address. The page writes one of its own as JSON, with the numbers that were
// changed; a link from a text says what it leads to: #step=dw&cell=dw,0,1  #nudge=w1,0,1&by=0.5  #open=saved
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
  if (typeof text !== "string") return text && values[bare(text.id)] ? text : null;
  const [name, ...where] = text.split(","), place = placeOf(name), x = place && array(place.side, place.id);
  if (x === undefined || x === null) return null;
  const { shape, data } = parts(x), index = shape.length ? flat(where.map(Number), shape) : 0;
  return where.length === shape.length && index in data ? { ...place, index } : null;
}
// The numbers to begin with, but for those that an address gives.
function changed(kept) {
  const next = { ...begun };
  for (const [id, list] of Object.entries(kept)) {
    const old = next[id] === undefined ? null : parts(next[id]), data = Float64Array.from([list].flat(9), Number);
    if (old && data.length === old.data.length) next[id] = old.shape.length ? { shape: old.shape, data } : data[0];
  }
  return next;
}
function visit(asked) {
  const mode = asked.mode ?? ("nudge" in asked ? "nudge" : "step" in asked ? "" : model.mode);
  stop();
  if (state.running) run(false);
  if (!isStill) { given = changed(asked.values ?? {}); now = compute(); }
  forget();
  Object.assign(state, { predict: "predict" in asked, unroll: asked.show === "numbers", times: 1, factor: null, chosen: null, mode: "forward" });
  question.step = -1;
  if (["nudge", "train"].includes(mode) && !isStill) enter(mode);
  else go("step" in asked ? stepOf(String(asked.step)) : mode === "backward" ? firstBack : 0, false);
  const chosen = asked.nudge && !isStill ? cellOf(asked.nudge) : null;
  if (chosen && values[chosen.id].is_argument) {
    choose(chosen);
    setCell(chosen, numberOf(chosen) + (Number(asked.by) || 0));
  }
  if (state.mode === "train") {
    if (Number(asked.rate) > 0) state.rate = Number(asked.rate);
    if (asked.times === "sum" && model.batch) state.times = batchSize();
    if (asked.rows === "twice" && model.batch) twice();
    if (Number(asked.train) > 0) train(Math.min(1000, Number(asked.train)), state.rate, ruleNow());
    render();
  }
  const cell = asked.cell ? cellOf(asked.cell) : null;
  if (cell) { state.cell = cell; render(); }
  if (asked.factor) pin(asked.factor);
  const opened = asked.open, place = opened && placeOf(opened);
  const story = place && moments.map((m) => $("[data-story]", m)).find((b, k) => b && k && steps[k - 1].id === place.id);
  const found = story ? document.getElementById(story.dataset.story) : opened && document.getElementById(opened);
  if (found && drawer.contains(found)) showStory(found);
}
function follow() {
  let text = location.hash.slice(1), kept = null;
  try { text = decodeURIComponent(text); kept = JSON.parse(text); } catch { /* a link from a text */ }
  visit(kept && typeof kept === "object" ? kept : Object.fromEntries(new URLSearchParams(text)));
}

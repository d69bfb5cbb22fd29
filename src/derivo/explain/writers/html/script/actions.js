// What buttons and keys do.
function go(k, isRecorded = true) {
  state.step = Math.max(0, Math.min(steps.length, Math.round(k) || 0));
  state.revealed = !state.predict || state.step === 0 || isStill;
  state.cell = null;
  if (["nudge", "train"].includes(state.mode) && state.step < steps.length) state.mode = "forward";
  if (!["nudge", "train"].includes(state.mode)) state.mode = state.step >= firstBack ? "backward" : "forward";
  render();
  const moment = moments[state.step];
  if (moment && state.revealed) $("#said").textContent = `${state.step}. ${moment.querySelector(".title").textContent}`;
  if (isRecorded) record();
}
function record() {
  const kept = { step: state.step, mode: state.mode, factor: state.factor, cell: state.cell };
  const set = Object.fromEntries(Object.keys(given).filter((k) => given[k] !== begun[k]).map((k) => [k, nested(given[k])]));
  if (Object.keys(set).length && JSON.stringify(set).length < 4000) kept.values = set;
  try { history.replaceState(null, "", `#${encodeURIComponent(JSON.stringify(kept))}`); } catch { /* within a frame there is no address */ }
}
function setValue(name, index, value) {
  const id = idOf[name] ?? name;
  if (isStill) throw new Error(words.still);
  if (!values[id]?.is_argument) throw new Error(`${name} is not an argument`);
  const x = parts(given[id]);
  const where = [].concat(index);
  if (where.length !== x.shape.length || where.some((p, a) => !Number.isInteger(p) || p < 0 || p >= x.shape[a])) throw new Error(`${name} has the shape [${x.shape}]`);
  const data = x.data.slice();
  data[flat(where, x.shape)] = Number(value);
  given = { ...given, [id]: x.shape.length ? { shape: x.shape, data } : data[0] };
  now = compute();
}
function setCell(cell, value) {
  if (!Number.isFinite(value)) return;
  setValue(cell.id, place(cell.index, parts(given[cell.id]).shape), value);
  render();
}
function enter(mode) {
  stop();
  if (mode === "forward") { state.mode = mode; go(state.step >= firstBack || state.step === 0 ? 1 : state.step); return; }
  if (mode === "backward") { state.mode = mode; go(state.step >= firstBack ? state.step : firstBack); return; }
  if (state.running) run(false);
  Object.assign(state, { mode, step: steps.length, revealed: true, cell: null });
  if (mode === "nudge" && !state.chosen) {
    const first = Object.keys(values).find((id) => values[id].is_argument && values[id].has_gradient && gridOf("value", id));
    if (first) choose({ side: "value", id: first, index: 0 });
  }
  render();
  record();
}
function reveal() { state.revealed = true; render(); }
function stop() { clearInterval(state.timer); state.timer = null; state.playing = false; }
function play() {
  if (state.playing) { stop(); render(); return; }
  if (state.step === steps.length) state.step = 0;
  state.playing = true;
  state.timer = setInterval(() => { if (state.step >= steps.length) { stop(); render(); } else go(state.step + 1); }, 1300);
  go(state.step + 1);
}

$("#back").addEventListener("click", () => { stop(); go(state.step - 1); });
$("#next").addEventListener("click", () => { stop(); go(state.step + 1); });
$("#play").addEventListener("click", play);
$("#scrub").addEventListener("input", () => { stop(); go(Number($("#scrub").value)); });
$("#predict").addEventListener("click", () => { state.predict = !state.predict; question.step = -1; go(state.step); });
$("#reveal").addEventListener("click", reveal);
for (const button of $$("[data-mode]", $("#bar"))) button.addEventListener("click", () => enter(button.dataset.mode));
$("#theme").addEventListener("click", () => { changeTheme(); render(); });
const drawer = $("#drawer");
const openDrawer = (on) => {
  drawer.hidden = !on;
  $("#open").setAttribute("aria-expanded", String(on));
  ($(on ? ".close" : "#open", on ? drawer : document)).focus();
};
$("#open").addEventListener("click", () => openDrawer(drawer.hidden));
$(".close", drawer).addEventListener("click", () => openDrawer(false));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") { if (!drawer.hidden) openDrawer(false); return; }
  if (event.target.closest("input, select, textarea, #drawer")) return;
  const actions = { ArrowLeft: () => go(state.step - 1), ArrowRight: () => go(state.step + 1), Home: () => go(0), End: () => go(steps.length), p: () => $("#predict").click(), r: reveal };
  if (event.key === " " && !event.target.closest("button, summary, a")) { event.preventDefault(); play(); return; }
  if (!actions[event.key]) return;
  event.preventDefault();
  stop();
  actions[event.key]();
});

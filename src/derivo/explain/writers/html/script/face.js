// The scripting face, and how a page begins.
const byName = (object) => Object.fromEntries(
  Object.entries(model.names).map(([name, id]) => [name, object[keyOf(id)]])
    .filter(([, x]) => x !== undefined).map(([name, x]) => [name, nested(x)]));
const byId = (object, place) => Object.fromEntries(
  Object.keys(values).filter((id) => loopOf[id] === place && object[keyOf(id)] !== undefined)
    .map((id) => [id, nested(object[keyOf(id)])]));
window.derivo = {
  get values() { return byName(now.value); },
  get gradients() { return byName(now.gradients); },
  get loss() { return now.loss; },
  get steps() { return steps.length; },
  get pictures() { return Object.keys(model.pictures); },
  open(picture) { openPicture(picture); },
  /** Values and gradients of every step of a loop, by the id of the loop. */
  loop(place) { return stepsOf(place).map(({ value, gradient }) => ({ values: byId(value, place), gradients: byId(gradient, place) })); },
  get state() { const { timer: _, ...kept } = state; return JSON.parse(JSON.stringify(kept)); },
  set(name, index, value) { setValue(name, index, value); choose(null); render(); },
  step(k) { stop(); go(k); },
  reveal,
  train(count, rate) { stop(); train(count, rate); },
};

const dark = window.matchMedia && matchMedia("(prefers-color-scheme: dark)").matches;
if (dark) document.documentElement.dataset.theme = "dark";
if (model.rule) state.rate = PROGRAM.rules[model.rule].rate;
const asked = () => {
  try {
    const text = decodeURIComponent(location.hash.slice(1)), plain = /^step=(\d+)$/.exec(text);
    return plain ? { step: Number(plain[1]) } : JSON.parse(text);
  } catch { return {}; }
};
function follow() {
  const wanted = asked() || {};
  if (!isStill) for (const [key, list] of Object.entries(wanted.values || {})) {
    const old = given[key] === undefined ? null : parts(given[key]);
    const data = Float64Array.from([list].flat(9), Number);
    if (old && data.length === old.data.length) given[key] = old.shape.length ? { shape: old.shape, data } : data[0];
  }
  if (wanted.values && !isStill) now = compute();
  wanted.mode ??= wanted.step === undefined ? model.mode : undefined;
  if (["nudge", "train"].includes(wanted.mode) && !isStill) enter(wanted.mode);
  else go(wanted.step || 0, false);
  if (wanted.factor) { state.factor = wanted.factor; showFactor(wanted.factor); }
  if (wanted.cell && values[wanted.cell.id]) { state.cell = wanted.cell; light(wanted.cell); }
}
window.addEventListener("hashchange", follow);
window.addEventListener("beforeprint", () => {
  Object.assign(state, { step: steps.length, revealed: true });
  render();
  for (const shown of [...moments, ...codeLines]) shown.hidden = false;
  for (const gap of $$("#code .gap")) gap.remove();
  for (const fold of $$("details")) fold.open = true;
  for (const story of $$(".story")) unfold(story, true);
});
window.addEventListener("afterprint", () => { shownCode = ""; render(); });
follow();

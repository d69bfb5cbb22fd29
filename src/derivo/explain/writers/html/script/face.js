// The scripting face, and how a page begins.
const byName = (object) => Object.fromEntries(
  Object.entries(idOf).map(([name, id]) => [name, object[id]])
    .filter(([, x]) => x !== undefined).map(([name, x]) => [name, nested(x)]));
const byId = (object, place) => Object.fromEntries(
  Object.keys(values).filter((id) => loopOf(id) === place && object[keyOf(id)] !== undefined)
    .map((id) => [id, nested(object[keyOf(id)])]));
window.derivo = {
  get values() { return byName(now.value); },
  get gradients() { return byName(now.gradients); },
  get loss() { return now.loss; },
  get steps() { return steps.length; },
  get pictures() { return Object.keys(drawings); },
  open(picture) { openPicture(picture); },
  /** Values and gradients of every step of a loop, by the id of the loop. */
  loop(place) { return stepsOf(place).map(({ value, gradient }) => ({ values: byId(value, place), gradients: byId(gradient, place) })); },
  get state() { const { timer: _, ...kept } = state; return JSON.parse(JSON.stringify(kept)); },
  set(name, index, value) { setValue(name, index, value); choose(null); render(); },
  step(k) { stop(); go(k); },
  reveal,
  train(count, rate) { stop(); train(count, rate); },
};

if (model.rule) state.rate = PROGRAM.rules[model.rule].rate;
window.addEventListener("hashchange", follow);
window.addEventListener("beforeprint", () => {
  Object.assign(state, { step: steps.length, revealed: true });
  render();
  isPrinted = true;
  $("#code").className = "";
  for (const shown of [...moments, ...codeLines]) shown.hidden = false;
  for (const gap of $$("#code .gap")) gap.remove();
  for (const story of $$(".story")) unfold(story, true);
});
window.addEventListener("afterprint", () => { isPrinted = false; fitted = shownCode = ""; render(); });
follow();

// Training: gradient descent, and other rules where there are any.
// The states of an update rule: of each parameter its own, from 0 on.
const memory = { count: 0, of: {} };
function forget() {
  Object.assign(memory, { count: 0, of: {} });
  state.losses = [];
}
function descend(rate, rule = null) {
  const next = { ...given };
  memory.count += 1;
  for (const key of model.parameters) {
    const x = given[key], g = now.gradients[key];
    if (g === undefined) continue;
    const gradient = state.times === 1 ? g : runtime.map((v) => state.times * v, g);
    if (rule) {
      const states = memory.of[key] ??= rule.states.map(() => runtime.map(() => 0, x));
      const named = Object.fromEntries(rule.states.map((name, k) => [name, states[k]]));
      const found = rule.forward({ parameter: x, gradient, ...named, learning_rate: rate, step_number: memory.count }, {});
      [next[key], ...memory.of[key]] = rule.results.map((result) => found[result]);
    } else next[key] = runtime.map((v, d) => v - rate * d, x, gradient);
  }
  given = next;
  now = compute();
  state.losses.push(now.loss);
}
function train(count, rate, rule = null) {
  if (isStill) throw new Error(words.still);
  if (!state.losses.length) state.losses.push(now.loss);
  for (let k = 0; k < count; k++) descend(rate, rule);
  choose(null);
  render();
}
const ruleNow = () => (PROGRAM.rules && model.rule ? PROGRAM.rules[model.rule] : null);
function trainPanel() {
  const losses = state.losses.length ? state.losses : [now.loss], rateSaid = () => figures(state.rate, 2);
  const shown = html("b", { textContent: rateSaid() });
  const slider = field(words.rate, "input", (v) => { state.rate = 10 ** v; shown.textContent = rateSaid(); },
    { type: "range", id: "rate", min: -3, max: 1.5, step: 0.05, value: Math.log10(state.rate) });
  const update = ruleNow() ? "" : ` — ${words.update.replace("{rate}", rateSaid())}`;
  return [
    html("label", {}, [html("span", { textContent: words.rate }), slider, shown]),
    html("div", { className: "buttons" }, [
      button(words.one_step, () => train(1, state.rate, ruleNow()), { id: "one" }),
      button(state.running ? words.pause : words.run, () => run(!state.running), { id: "run" }),
      button(words.reset, () => { run(false); setAll(begun); }, { id: "reset" }),
    ]),
    ...lossChart(losses), ...pointsPanel(), ...batchPanel(),
    note(words.steps_done.replace("{count}", losses.length - 1) + update),
    ...(isTooLarge(losses) ? [html("p", { className: "feedback wrong", textContent: words.too_large })] : []),
    ...depth(),
  ];
}
function lossChart(losses) {
  const finite = losses.filter(Number.isFinite), n = losses.length;
  if (!finite.length) return [];
  // A loss is seen from 0 on, unless it can be less than that.
  const beside = plane(), wide = beside.length && room.isWide ? Math.max(190, room.width - 250) : room.width;
  const c = chart(0, Math.max(1, n - 1), Math.min(0, ...finite), Math.max(...finite), wide, 170);
  c.path(losses.map((y, k) => [k, y]), "curve");
  c.dot(n - 1, losses[n - 1]);
  c.svg.setAttribute("aria-label", `${words.loss} ${longer(losses[n - 1])}`);
  return [html("div", { className: "beside" }, [c.svg, ...beside])];
}
function batchPanel() {
  if (!model.batch) return [];
  const times = (count) => () => { state.times = count; render(); };
  return [html("div", { className: "buttons" }, [
    button(words.mean, times(1), { id: "mean", pressed: state.times === 1 }),
    button(words.summed, times(batchSize()), { id: "summed", pressed: state.times !== 1 }),
    button(words.twice, twice, { id: "twice" }), note(batchSaid(), { id: "batch" }),
  ])];
}
// Plain gradient descent goes down at every step that is small enough. A rule with a memory
// rolls up a slope now and then: with one, the loss has to be higher than at the beginning.
function isTooLarge(losses) {
  const n = losses.length, last = losses[n - 1], before = ruleIsPlain() ? losses[n - 2] : losses[0];
  return n > 2 && !(last <= before + 1e-9 * Math.abs(before));
}
const ruleIsPlain = () => !ruleNow() || ruleNow().states.length === 0;
// All arguments at once, perhaps with another number of rows.
function setAll(next) {
  given = { ...next };
  if (model.batch) model.sizes[model.batch.size] = parts(given[model.batch.rows[0]]).shape[0];
  if (state.times !== 1) state.times = batchSize();
  now = compute();
  forget();
  choose(null);
  render();
}

const batchSize = () => model.sizes[model.batch.size];
const sizeOfAll = () => Math.sqrt(model.parameters.reduce((s, key) => {
  const g = now.gradients[key];
  return g === undefined ? s : s + parts(g).data.reduce((q, v) => q + (state.times * v) ** 2, 0);
}, 0));
const batchSaid = () => words.batch_said.replace("{count}", batchSize()).replace("{size}", rounded(sizeOfAll()));
// Every row a second time: a mean stays what it is, a sum doubles.
function twice() {
  if (batchSize() > 500) return;
  const next = { ...given };
  for (const id of model.batch.rows) {
    const x = given[id];
    next[id] = { shape: [2 * x.shape[0], ...x.shape.slice(1)], data: Float64Array.of(...x.data, ...x.data) };
  }
  setAll(next);
}

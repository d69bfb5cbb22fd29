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
function trainPanel(panel) {
  const slider = html("input", { type: "range", id: "rate", min: -3, max: 1.5, step: 0.05, value: Math.log10(state.rate) });
  const shown = html("b", { textContent: longer(Number(state.rate.toPrecision(2))) });
  slider.setAttribute("aria-label", words.rate);
  slider.addEventListener("input", () => { state.rate = 10 ** Number(slider.value); shown.textContent = longer(Number(state.rate.toPrecision(2))); });
  panel.append(html("label", {}, [html("span", { textContent: words.rate }), slider, shown]));
  const button = (id, text, action, pressed) => {
    const element = html("button", { id, textContent: text });
    if (pressed !== undefined) element.setAttribute("aria-pressed", String(pressed));
    element.addEventListener("click", action);
    return element;
  };
  panel.append(html("div", { className: "buttons" }, [
    button("one", words.one_step, () => train(1, state.rate, ruleNow())),
    button("run", state.running ? words.pause : words.run, () => run(!state.running)),
    button("reset", words.reset, () => { run(false); setAll(begun); }),
  ]));
  const losses = state.losses.length ? state.losses : [now.loss], n = losses.length;
  const finite = losses.filter(Number.isFinite);
  if (finite.length) {
    // A loss is seen from 0 on, unless it can be less than that.
    const top = Math.max(...finite), bottom = Math.min(0, ...finite), beside = plane();
    const c = chart(beside.length ? 240 : 480, 170, 0, Math.max(1, n - 1), bottom, top);
    c.path(losses.map((y, k) => [k, y]), "curve");
    c.dot(n - 1, losses[n - 1]);
    c.svg.setAttribute("aria-label", `${words.loss} ${longer(losses[n - 1])}`);
    panel.append(html("div", { className: "beside" }, [c.svg, ...beside]));
  }
  if (model.plane && model.plane.others.length === 1) {
    const file = html("input", { type: "file", accept: ".csv,text/csv", id: "csv", hidden: true });
    file.addEventListener("change", async () => { if (file.files[0]) readPoints(await file.files[0].text()); });
    panel.append(html("div", { className: "buttons" }, [
      html("span", { className: "note", textContent: words.click_points }),
      ...[0, 1].map((c) => {
        const own = button(`class${c}`, `${words.class} ${c + 1}`, () => { state.paint = c; render(); }, state.paint === c);
        own.classList.add("of-class");
        own.style.setProperty("--class", classHue(c));
        return own;
      }),
      button("clear", words.clear, () => setPoints([])), button("load", "CSV", () => file.click()), file,
    ]));
  }
  if (model.batch) {
    panel.append(html("div", { className: "buttons" }, [
      button("mean", words.mean, () => { state.times = 1; render(); }, state.times === 1),
      button("summed", words.summed, () => { state.times = batchSize(); render(); }, state.times !== 1),
      button("twice", words.twice, twice),
      html("span", { className: "note", id: "batch", textContent: batchSaid() }),
    ]));
  }
  panel.append(html("p", { className: "note", textContent: `${words.steps_done.replace("{count}", n - 1)}${ruleNow() ? "" : ` — ${words.update.replace("{rate}", longer(Number(state.rate.toPrecision(2))))}`}` }));
  if (isTooLarge(losses)) panel.append(html("p", { className: "feedback wrong", textContent: words.too_large }));
  depth(panel);
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
const batchSaid = () => words.batch_said.replace("{count}", batchSize()).replace("{size}", longer(Number(sizeOfAll().toPrecision(3))));
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

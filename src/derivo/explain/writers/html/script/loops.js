// Loops over time: every step of one, forward and then backward.
// A value of a step of a loop goes by its id and the place where it is shown: v3@1.
const bare = (id) => id.split("@")[0], copyOf = (id) => (id.includes("@") ? id.slice(id.indexOf("@")) : "");
// The loop that an id is of a step of.
const ofPrefix = Object.fromEntries(Object.entries(loops).map(([place, { prefix }]) => [prefix, place]));
const loopOf = (id) => ofPrefix[bare(id).slice(0, id.lastIndexOf("-") + 1)];
const isInLoop = (id) => loopOf(id) !== undefined;
const inOrder = (loop, k) => (loop.reverse ? loop.length - 1 - k : k);
const stepAt = (id) => inOrder(loops[loopOf(id)], (state.first[loopOf(id)] || 0) + Number(copyOf(id).slice(1)));
// What a loop stands in: the whole, or the step that was opened of the loop around it.
const stepAround = (place) => (loopOf(place) ? state.inside[place] ?? stepAt(`${place}@0`) : undefined);
const around = (place) => (loopOf(place) ? stepsOf(loopOf(place))?.[stepAround(place)] : { value: now.value, gradient: now.gradients });
function array(side, id) {
  if (!isInLoop(id)) return (side === "value" ? now.value : now.gradients)[keyOf(id)];
  return stepsOf(loopOf(id))?.[stepAt(id)][side][keyOf(bare(id))];
}
// Every step of a loop, forward and then backward, as the loop itself runs.
const stepsRun = new Map();
function stepsOf(place) {
  if (isStill) return null;
  const outer = around(place);
  if (stepsRun.get(place)?.value !== outer.value) stepsRun.set(place, { value: outer.value, steps: runSteps(place, outer) });
  return stepsRun.get(place).steps;
}
function runSteps(place, around) {
  const loop = loops[place], program = PROGRAM.loops[place], found = [];
  const outer = (id) => around.value[keyOf(id)], row = (x, t) => runtime.row(x, t);
  const [n, m] = [loop.carries.length, loop.carries.length + loop.slices.length];
  let carried = loop.inputs.slice(0, n).map(outer);
  const order = runtime.range(loop.length);
  if (loop.reverse) order.reverse();
  for (const t of order) {
    const own = {};
    loop.carries.forEach((id, k) => { own[keyOf(id)] = carried[k]; });
    loop.slices.forEach((id, k) => { own[keyOf(id)] = row(outer(loop.inputs[n + k]), t); });
    loop.fixed.forEach((id, k) => { own[keyOf(id)] = outer(loop.inputs[m + k]); });
    const value = program.forward(own, model.sizes);
    found[t] = { value, gradient: {} };
    carried = loop.following.map((id) => value[keyOf(id)]);
  }
  const zeros = (x) => runtime.map(() => 0, x), gradient = (id) => (id ? around.gradient[keyOf(id)] : undefined);
  let back = loop.lasts.map((id, k) => gradient(id) ?? zeros(carried[k]));
  for (const t of order.reverse()) {
    const { value } = found[t], items = loop.items.map((id) => {
      const g = gradient(id);
      return row(g === undefined ? zeros(outer(id)) : g, t);
    });
    found[t].gradient = program.backward(value, [...back, ...items], model.sizes).gradients;
    back = loop.carries.map((id) => found[t].gradient[keyOf(id)] ?? zeros(value[keyOf(id)]));
  }
  return found;
}

// The step at which each value, and each gradient, is computed.
const at = { value: {}, gradient: {} };
for (const [id, v] of Object.entries(values)) if (v.is_argument) at.value[id] = 0;
steps.forEach(({ phase, id }, k) => {
  at[phase === "forward" ? "value" : "gradient"][id] ??= k + 1;
});
const firstBack = steps.findIndex((s) => s.phase === "backward") + 1 || steps.length + 1;
const isSeen = (side, id) => {
  while (isInLoop(id)) id = loopOf(id);
  const when = at[side][id];
  if (when === undefined || when > state.step) return false;
  return when < state.step || state.revealed || when === 0;
};

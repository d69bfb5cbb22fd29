// Loops over time: every step of one, forward and then backward.
// A value of a step of a loop goes by its id and the place where it is shown: v3@1.
const bare = (id) => id.split("@")[0], copyOf = (id) => (id.includes("@") ? id.slice(id.indexOf("@")) : "");
const loopOf = {};
for (const [place, { shifts, carries, slices, fixed }] of Object.entries(loops))
  for (const id of [...Object.keys(shifts), ...carries, ...slices, ...fixed]) loopOf[id] = place;
for (const id of Object.keys(values)) if (id.includes("-")) loopOf[id] ??= Object.keys(loops).find((p) => loops[p].carries.concat(loops[p].slices, loops[p].fixed).some((c) => c.split("-")[0] === id.split("-")[0]));
const stepAt = (id) => {
  const loop = loops[loopOf[bare(id)]], k = (state.first[loopOf[bare(id)]] || 0) + Number(copyOf(id).slice(1));
  return loop.reverse ? loop.length - 1 - k : k;
};
const isInLoop = (id) => bare(id) in loopOf;
function array(side, id) {
  if (!isInLoop(id)) return (side === "value" ? now.value : now.gradients)[keyOf(id)];
  const steps = stepsOf(loopOf[bare(id)]), own = steps && steps[stepAt(id)];
  return own && own[side][keyOf(bare(id))];
}
// Every step of a loop, forward and then backward, as the loop itself runs.
const ran = new Map();
function stepsOf(place) {
  if (ran.get(place)?.now !== now) ran.set(place, { now, steps: isStill ? null : runSteps(place) });
  return ran.get(place).steps;
}
function runSteps(place) {
  const loop = loops[place], program = PROGRAM.loops[place], found = [];
  const outer = (id) => now.value[keyOf(id)], row = (x, t) => runtime.row(x, t);
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
  const zeros = (x) => runtime.map(() => 0, x), gradient = (id) => (id ? now.gradients[keyOf(id)] : undefined);
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
  const when = at[side][isInLoop(id) ? loopOf[bare(id)] : id];
  if (when === undefined || when > state.step) return false;
  return when < state.step || state.revealed || when === 0;
};

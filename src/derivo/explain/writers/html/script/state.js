// The state, the numbers that follow from it, and what may be seen of them.
const begun = all(model.arguments), upstream = model.upstream.map(revived);
let given = { ...begun };
const state = {
  step: 0, mode: "forward", factor: null, cell: null, chosen: null, predict: false,
  revealed: true, rate: 0.1, times: 1, paint: 0, unroll: false, reach: 0, losses: [], playing: false, picture: null, pinned: false, heldAt: -1,
  first: {}, inside: {},
};
// What a value goes by in the script.
const keyOf = (id) => id.replaceAll("-", "_");

function lossOf(value) {
  return model.outputs.reduce((sum, id, k) => {
    const { data } = parts(value[id]);
    const by = upstream.length ? parts(upstream[k]).data : null;
    return sum + data.reduce((s, v, i) => s + v * (by ? by[i] : 1), 0);
  }, 0);
}
function compute(own = given) {
  const value = PROGRAM.forward(own, model.sizes);
  return { value, ...PROGRAM.backward(value, upstream, model.sizes), loss: lossOf(value) };
}
function known() {
  const value = all(model.known.value), isThere = model.outputs.every((id) => id in value);
  return { value, gradients: all(model.known.gradients), along: {}, loss: isThere ? lossOf(value) : NaN };
}
let now = isStill ? known() : compute();

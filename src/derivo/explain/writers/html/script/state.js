// The state, the numbers that follow from it, and what may be seen of them.
const begun = all(model.arguments), upstream = model.upstream.map(revived);
let given = { ...begun };
const state = {
  step: 0, mode: "forward", factor: null, cell: null, chosen: null, predict: false,
  revealed: true, rate: 0.1, times: 1, paint: 0, unroll: false, reach: 0, losses: [], playing: false, picture: null, pinned: false, heldAt: -1,
  first: {},
};
const keyOf = (id) => values[id].key;
const idOf = Object.fromEntries(Object.entries(values).map(([id, v]) => [v.key, id]));

function lossOf(value) {
  return model.outputs.reduce((sum, id, k) => {
    const { data } = parts(value[keyOf(id)]);
    const by = upstream.length ? parts(upstream[k]).data : null;
    return sum + data.reduce((s, v, i) => s + v * (by ? by[i] : 1), 0);
  }, 0);
}
function compute(own = given) {
  const value = PROGRAM.forward(own, model.sizes);
  return { value, ...PROGRAM.backward(value, upstream, model.sizes), loss: lossOf(value) };
}
function known() {
  const value = {}, gradients = {};
  for (const [id, array] of Object.entries(model.known)) {
    const own = id.replace(/^d/, "");
    if (values[own]) (id === own ? value : gradients)[keyOf(own)] = revived(array);
  }
  const isThere = model.outputs.every((id) => keyOf(id) in value);
  return { value, gradients, along: {}, loss: isThere ? lossOf(value) : NaN };
}
let now = isStill ? known() : compute();

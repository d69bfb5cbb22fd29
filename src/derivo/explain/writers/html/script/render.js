// One render: everything that is seen follows from the state.
const codeLines = $$("#code li"), drawn = {};
for (const [picture, view] of Object.entries(views)) {
  const spots = $$(".spot", view), edges = $$(".edge", view), spotOf = {};
  for (const spot of spots) for (const id of spot.dataset.place.split(" ")) spotOf[id] = spot;
  drawn[picture] = { spots, edges, spotOf, svg: $("svg.graph", view), back: $$(".of-gradient[data-name]", view) };
}
// Where the steps of a value are shown: in the innermost picture that holds it.
const homes = {};
for (const [picture, { holds }] of Object.entries(drawings)) for (const id of holds) homes[id] = picture;
function showEdges(step, edges) {
  let most = 0;
  const sizes = edges.map((edge) => {
    const factor = (edge.dataset.f || "").split(" ")[0], g = factor && now.along[factor];
    if (g === undefined || g === "") return null;
    const { data } = parts(g), size = Math.sqrt(data.reduce((s, v) => s + v * v, 0) / (data.length || 1));
    most = Math.max(most, Number.isFinite(size) ? size : 0);
    return { size, sum: data.reduce((s, v) => s + v, 0) };
  });
  edges.forEach((edge, k) => {
    const ids = edge.dataset.edge.split(" "), [source, target] = endsOf(ids[0]);
    // Into a loop no one factor leads: what comes back is the sum of all its steps.
    const isActive = edge.dataset.f || (isLoop(target) && edge.classList.length);
    edge.classList.toggle("used", Boolean(step) && ids.some((i) => isUsed(step, i, isActive)));
    const isBack = Boolean(isActive) && isSeen("gradient", source) && state.step >= firstBack;
    edge.classList.toggle("back", isBack);
    edge.classList.toggle("neg", isBack && sizes[k] !== null && sizes[k].sum < 0);
    if (isBack && sizes[k]) edge.style.setProperty("--wide", (1.2 + 0.8 * Math.max(0, 3 + Math.log10(sizes[k].size / most || 1e-9))).toFixed(2));
  });
}
// A step forward comes along what leads to its value, one backward along what leads on
// from there; of a loop, and of its gradients, it is what leads into it.
function isUsed({ phase, id }, edge, isActive) {
  const [source, target] = endsOf(edge);
  return phase === "forward" || isLoop(id) ? target === id : source === id && Boolean(isActive);
}
const isLoop = (id) => !values[bare(id)] || !values[bare(id)].has_gradient;
// e-v3-v5-0, and within a loop e-s1-v3-s1-v5-0@2.
function endsOf(edge) {
  const [, a, b] = /^e-((?:s\d+-)*v\d+)-((?:s\d+-)*v\d+)-/.exec(edge);
  return [a + copyOf(edge), b + copyOf(edge)];
}

// What is told below a step, or in a mode: made anew, but for what is held to be moved.
function panelOf(active, side) {
  if (isStill) return [];
  if (state.mode === "nudge") return nudgePanel();
  if (state.mode === "train") return trainPanel();
  if (!active) return [];
  if (!state.revealed) return askPanel(active);
  return [...slopePanel(side === "value" ? active.id : upstreamOf(active.id)), ...unrolled(active, side)];
}
function showPanel(active, side) {
  const panel = $("#panel"), focus = document.activeElement;
  const isWithin = panel.contains(focus), elements = panelOf(active, side), kept = elements[0] === panel.firstChild ? 1 : 0;
  while (panel.childNodes.length > kept) panel.lastChild.remove();
  panel.append(...elements.slice(kept));
  panel.hidden = !elements.length;
  if (isWithin && !panel.contains(focus) && focus.id) $(`#${focus.id}`)?.focus({ preventScroll: true });
}

function render() {
  const { step, mode } = state, active = steps[step - 1] || null;
  const side = active && active.phase === "forward" ? "value" : "gradient";
  const isBack = step >= firstBack;
  $("#app").dataset.mode = mode;
  showPicture(active);
  const { spots, edges, spotOf, svg, back } = drawn[state.picture];
  for (const grid of grids) if (grid.picture === state.picture) fill(grid);
  for (const element of back) element.style.display = isSeen("gradient", element.dataset.name) ? "" : "none";
  svg.classList.toggle("backward", isBack);
  for (const spot of spots) {
    spot.classList.remove("now", "going-back");
    spot.classList.toggle("back", spot.dataset.place.split(" ").some((id) => isSeen("gradient", id)));
  }
  if (active && spotOf[active.id]) {
    spotOf[active.id].classList.add("now");
    spotOf[active.id].classList.toggle("going-back", side === "gradient");
  }
  showEdges(active, edges);
  bringSpot(active && spotOf[active.id]);
  const isStepping = !["nudge", "train"].includes(mode);
  for (const moment of moments) moment.hidden = Number(moment.dataset.k) !== step || !isStepping;
  for (const rows of $$(".moment .scroll")) rows.hidden = !state.revealed;
  showCode(active ? linesOf(active) : [], side);
  const output = model.outputs[0];
  const result = active && mode !== "nudge" && mode !== "train" ? table(side, active.id) : [];
  $("#result").replaceChildren(...result);
  light(state.cell);
  showPanel(active, side);
  lightPath();
  for (const element of $$("svg .cell.chosen")) element.classList.remove("chosen");
  if (mode === "nudge" && state.chosen) {
    const own = gridOf("value", state.chosen.id).cells.find((c) => c.index === state.chosen.index);
    if (own) own.cell.classList.add("chosen");
  }
  const name = values[output].label;
  const value = isSeen("value", output) ? longer(now.loss) : "?";
  const isPlain = upstream.every((u) => parts(u).data.every((v) => v === 1));
  const isNumber = isPlain && parts(now.value[output] ?? 0).shape.length === 0;
  const what = model.is_loss || isNumber ? name : isPlain ? words.sum : words.weighted;
  $("#loss").replaceChildren(`${what} = `, html("b", { textContent: value }));
  $("#where").textContent = `${step} / ${steps.length}`;
  $("#scrub").value = step;
  $("#scrub").setAttribute("aria-valuetext", `${step} / ${steps.length}`);
  $("#back").disabled = step === 0;
  $("#next").disabled = step === steps.length;
  $("#predict").setAttribute("aria-pressed", String(state.predict));
  $("#reveal").disabled = state.revealed;
  $("#play").setAttribute("aria-pressed", String(state.playing));
  for (const button of $$("[data-mode]", $("#bar"))) {
    const own = button.dataset.mode, isOn = own === mode || (["forward", "backward"].includes(mode) && own === (isBack ? "backward" : "forward"));
    button.setAttribute("aria-pressed", String(isOn && (own === mode || !["nudge", "train"].includes(mode))));
    if (["nudge", "train"].includes(own)) button.disabled = isStill || (own === "train" && !model.parameters.length);
  }
  const chain = active && side === "gradient" ? $(`[data-chain="${active.id}"]`) : null;
  if (chain && state.revealed) for (const span of $$("[data-chain]")) span.hidden = span !== chain;
  $("#chain").classList.toggle("empty", !isSeen("gradient", shownChain()));
  fit(`${step} ${mode} ${state.revealed} ${state.unroll} ${question.stage} ${question.said} ${state.chosen && state.chosen.id} ${state.losses.length > 1}`);
}
const shownChain = () => { const span = $$("[data-chain]").find((s) => !s.hidden); return span ? span.dataset.chain : ""; };
// The curve of a step backward is that of the function it goes back through.
const upstreamOf = (id) => {
  const link = model.links[`d${id}`], up = link && link.terms.find(([side]) => side === "gradient");
  return up ? up[1] : "";
};

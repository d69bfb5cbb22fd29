// Slopes of functions of one value.
function slopePanel(panel, id) {
  const f = PROGRAM.curves[id], link = model.links[id];
  if (!f || !link || link.terms.length !== 1) return;
  const [side, of] = link.terms[0], operand = array(side, of);
  if (operand === undefined || !isSeen(side, of)) return;
  const inputs = Array.from(parts(operand).data).slice(0, 400);
  const reach = Math.max(2.5, ...inputs.filter(Number.isFinite).map(Math.abs)) * 1.1;
  const points = Array.from({ length: 121 }, (_, k) => -reach + (reach * k) / 60).map((u) => [u, f(u)]);
  const heights = points.map(([, y]) => y).filter(Number.isFinite);
  if (!heights.length) return;
  const c = chart(480, 180, -reach, reach, Math.min(...heights), Math.max(...heights));
  c.path(points, "curve");
  for (const u of inputs) c.dot(u, f(u), "dot other");
  const k = state.cell && inputs.length > state.cell.index ? state.cell.index : 0, u = inputs[k];
  c.path(tangent(u, f(u), slopeAt(f, u), -reach, reach, c), "tangent");
  c.dot(u, f(u));
  panel.append(c.svg, html("p", { className: "note", textContent: `${words.slope_here} ${longer(Number(slopeAt(f, u).toPrecision(4)))} — ${words.curve}` }));
}
const slopeAt = (f, u) => (f(u + 1e-6) - f(u - 1e-6)) / 2e-6;

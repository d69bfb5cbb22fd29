// Slopes of functions of one value.
function slopePanel(id) {
  const f = PROGRAM.curves[id], link = model.links[id];
  if (!f || !link || link.terms.length !== 1) return [];
  const [side, of] = link.terms[0], operand = array(side, of);
  if (operand === undefined || !isSeen(side, of)) return [];
  const inputs = Array.from(parts(operand).data).slice(0, 400);
  const reach = Math.max(2.5, ...inputs.filter(Number.isFinite).map(Math.abs)) * 1.1;
  const points = Array.from({ length: 121 }, (_, k) => -reach + (reach * k) / 60).map((u) => [u, f(u)]);
  const heights = points.map(([, y]) => y).filter(Number.isFinite);
  if (!heights.length) return [];
  const k = state.cell && inputs.length > state.cell.index ? state.cell.index : 0;
  const place = { side, id: of, index: k }, upstream = array("gradient", id);
  function draw(u) {
    const c = chart(-reach, reach, Math.min(...heights), Math.max(...heights)), slope = slopeAt(f, u);
    c.path(points, "curve");
    for (const v of inputs) c.dot(v, f(v), "dot other");
    c.path(tangent(u, f(u), slope, -reach, reach, c), "tangent");
    c.dot(u, f(u));
    c.svg.setAttribute("aria-label", `${words.slope_here} ${longer(slope)}`);
    return c.svg;
  }
  // What comes back if the input were another: little, where the curve is flat.
  function said(u) {
    const slope = Number(slopeAt(f, u).toPrecision(3)), text = `${words.slope_here} ${longer(slope)}`;
    if (upstream === undefined || !isSeen("gradient", id) || parts(upstream).data.length !== inputs.length) return `${text} — ${words.curve}`;
    const up = Number(parts(upstream).data[k].toPrecision(3));
    return `${text}: ${named({ side: "gradient", id: of, index: k })} = ${longer(up)} · ${bracketed(slope)} = ${rounded(up * slope)}`;
  }
  const shown = html("span"), text = note("", { id: "slope" });
  let curve = draw(inputs[k]);
  function show(u) {
    const fresh = draw(u);
    curve.replaceWith(fresh);
    curve = fresh;
    text.textContent = said(u);
    shown.textContent = rounded(u);
  }
  const slider = field(named(place), "input", show, { type: "range", id: "input", min: -reach, max: reach, step: reach / 200, value: inputs[k] });
  show(inputs[k]);
  return [curve, html("label", {}, [html("b", { textContent: named(place) }), slider, shown]), text];
}
const slopeAt = (f, u) => (f(u + 1e-6) - f(u - 1e-6)) / 2e-6;

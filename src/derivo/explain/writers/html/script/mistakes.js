// Predict first: questions, and slips that have a name.
// What was asked at the present step: first the shape, then a number.
const question = { step: -1, stage: 0, index: 0, said: "", isRight: false };
function shapesFor(id) {
  const own = parts(array("gradient", id)).shape, found = [own];
  if (own.length === 2) found.push([own[1], own[0]]);
  const link = model.links[`d${id}`];
  for (const [side, of] of link ? link.terms : []) found.push(parts(array(side, of)).shape);
  found.push([]);
  const texts = new Map(found.map((s) => [s.join(" × ") || words.a_number, s]));
  return { own: own.join(" × ") || words.a_number, choices: [...texts.keys()].sort() };
}
function slip(id, answer) {
  const x = parts(array("gradient", id)), v = x.data[question.index], near = (w) => Math.abs(answer - w) <= 0.02 * Math.abs(w) + 0.005;
  if (near(v)) return "right";
  if (v && near(-v)) return "slip_sign";
  if (x.shape.length === 2) {
    const [i, j] = place(question.index, x.shape);
    if (j < x.shape[0] && i < x.shape[1] && near(x.data[j * x.shape[1] + i])) return "slip_transposed";
  }
  const link = model.links[`d${id}`];
  if (!link) return "wrong";
  const rows = rowsAnyway({ side: "gradient", id, index: question.index });
  const product = (r) => r.reduce((p, t) => p * t.value, 1);
  if (rows.length > 1 && rows.some((r) => near(product(r)))) return "slip_sum";
  const up = rows[0] && rows[0].find((t) => t.side === "gradient");
  if (link.kind === "each" && up) {
    if (near(up.value)) return "slip_upstream";
    const f = Object.entries(PROGRAM.curves).find(([of]) => of === up.id);
    const output = f && array("value", up.id);
    if (output !== undefined && f && near(up.value * slopeAt(f[1], parts(output).data[question.index]))) return "slip_place";
  }
  return "wrong";
}
function rowsAnyway(cell) {
  const kept = state.revealed;
  state.revealed = true;
  const found = linked(cell);
  state.revealed = kept;
  return found ? found.rows : [];
}
function askPanel({ phase, id }) {
  const side = phase === "forward" ? "value" : "gradient", x = array(side, id);
  if (x === undefined) return [];
  if (question.step !== state.step) {
    const size = parts(x).data.length;
    Object.assign(question, { step: state.step, stage: phase === "forward" || size === 1 ? 1 : 0, index: (state.step * 7) % size, said: "", isRight: false });
  }
  const asked = question.stage === 0 ? askShape(id, label(side, id)) : askNumber({ side, id, index: question.index });
  const kind = `feedback ${question.isRight ? "right" : "wrong"}`;
  const said = question.said ? [html("p", { className: kind, id: "feedback", textContent: words[question.said] })] : [];
  return [...asked, ...said];
}
function askShape(id, name) {
  const { own, choices } = shapesFor(id);
  const answer = (text) => () => {
    question.isRight = text === own;
    question.said = question.isRight ? "right" : text === own.split(" × ").reverse().join(" × ") ? "slip_transposed" : "slip_sum";
    if (question.isRight) question.stage = 1;
    render();
  };
  const buttons = choices.map((text) => button(text, answer(text), { className: "shape" }));
  return [html("p", { textContent: words.shape_of.replace("{name}", name) }), html("div", { className: "buttons" }, buttons)];
}
function askNumber(cell) {
  const guess = html("input", { type: "number", step: "any", id: "guess" });
  guess.setAttribute("aria-label", named(cell));
  const answer = () => {
    if (guess.value === "") return;
    const v = numberOf(cell), isNear = Math.abs(Number(guess.value) - v) <= 0.02 * Math.abs(v) + 0.005;
    const said = cell.side === "gradient" ? slip(cell.id, Number(guess.value)) : isNear ? "right" : "wrong";
    Object.assign(question, { said, isRight: said === "right" });
    if (question.isRight) state.revealed = true;
    render();
  };
  guess.addEventListener("keydown", (event) => { if (event.key === "Enter") answer(); });
  const row = html("div", { className: "buttons" }, [guess, button(words.answer, answer, { id: "answer" })]);
  return [html("p", { textContent: words.number_of.replace("{name}", named(cell)) }), row];
}

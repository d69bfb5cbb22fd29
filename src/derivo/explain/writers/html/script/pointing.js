// Pointing: a factor in the line on top and in the code, and the cells of the graph.
// A factor of the line on top leads to the step in which it is multiplied.
function lead(id, target) {
  const when = target.closest("#chain") && model.factors[id] ? at.gradient[model.factors[id][0]] : undefined;
  if (when !== undefined) { stop(); go(when); }
  if (when === undefined || state.factor !== id) pin(id);
  record();
}
// Its line of code is brought into view.
function bringFactor(id) {
  const line = $(`#code li[data-lines~="${id}"]`);
  if (line && line.hidden) { layCode(line.dataset.block, [line]); shownCode = ""; }
}

const cellAt = (target) => {
  const element = target instanceof Element && target.closest(".cell, td");
  return element && element.place ? element.place : null;
};
const isFree = (cell) => cell && cell.side === "value" && !isInLoop(cell.id) && values[cell.id].is_argument && !isStill;
document.addEventListener("pointerover", (event) => {
  const cell = cellAt(event.target);
  if (cell) light(cell);
  else if (event.target instanceof Element && event.target.closest("#picture, #card")) light(state.cell);
});
document.addEventListener("focusin", (event) => { const cell = cellAt(event.target); if (cell) { state.cell = cell; light(cell); } });
// A name leads to the step that computes it.
$("#picture").addEventListener("click", (event) => {
  const opener = event.target instanceof Element && event.target.closest("[data-opens]");
  if (opener) { openBox(opener); return; }
  const name = event.target instanceof Element && event.target.closest(".name, .dname");
  if (!name) return;
  const spot = name.closest(".spot"), id = bare(spot.dataset.place.split(" ").pop());
  if (isInLoop(id)) return;
  const when = at[name.matches(".name") ? "value" : "gradient"][id];
  if (when !== undefined) { stop(); go(when); }
});
$("#picture").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.closest("[data-opens]")) openBox(event.target.closest("[data-opens]"));
});
const choosing = (event) => {
  const td = event.target instanceof Element && event.target.closest(".choices td");
  if (!td || (event.type === "keydown" && event.key !== "Enter")) return;
  choose(td.place);
  render();
};
$("#card").addEventListener("click", choosing);
$("#card").addEventListener("keydown", choosing);
let drag = null;
$("#picture").addEventListener("pointerdown", (event) => {
  const cell = cellAt(event.target);
  if (!cell) return;
  state.cell = cell;
  if (state.mode === "nudge" && isFree(cell)) {
    choose(cell);
    drag = { x: event.clientX, from: parts(given[cell.id]).data[cell.index], cell };
    event.preventDefault();
    $("#picture").setPointerCapture(event.pointerId);
  }
  render();
  record();
});
$("#picture").addEventListener("pointermove", (event) => {
  if (!drag) return;
  const reach = nudged.high - nudged.low;
  setCell(drag.cell, drag.from + ((event.clientX - drag.x) * reach) / 300);
});
const drop = () => { if (drag) { drag = null; record(); } };
$("#picture").addEventListener("pointerup", drop);
$("#picture").addEventListener("pointercancel", drop);
$("#card").addEventListener("keydown", (event) => {
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }, td = event.target.closest("td");
  if (!td || !moves[event.key] || !td.place) return;
  event.preventDefault();
  event.stopPropagation();
  const [dr, dc] = moves[event.key], row = td.parentNode.parentNode.rows[td.parentNode.rowIndex + dr];
  const next = row && row.cells[td.cellIndex + dc];
  if (next) next.focus();
});

// The code beside the picture: one function at a time.
// One function at a time: the one that the step is a line of.
const numberOf = (line) => Number(line.id.slice(1));
const blockOf = (phase) => {
  const numbers = steps.filter((s) => s.phase === phase).flatMap((s) => s.lines);
  const line = codeLines.find((l) => numbers.includes(numberOf(l)));
  return line ? line.dataset.block : "1";
};
const blocks = { value: blockOf("forward"), gradient: blockOf("backward") };
let block = "";
let isLong = false;
function showBlock(wanted) {
  if (block === wanted) return;
  block = wanted;
  const code = $("#code");
  for (const line of codeLines) line.hidden = line.dataset.block !== wanted;
  code.classList.remove("small", "long");
  const isCut = () => code.scrollHeight > code.clientHeight + 1;
  code.classList.toggle("small", isCut());
  // Where it is scrolled in any case, the room is of more use below.
  isLong = isCut();
}
let shownCode = "";
function showCode(lines, side) {
  // Where nothing changed nothing is measured: that would lay the page out at once.
  const now = `${lines} ${side} ${state.mode} ${block}`;
  if (now === shownCode) return;
  const active = codeLines.filter((line) => lines.includes(numberOf(line)));
  const isTrained = ["nudge", "train"].includes(state.mode);
  showBlock(active.length ? active[0].dataset.block : blocks[isTrained ? "gradient" : state.step ? side : "value"]);
  const seen = active.filter((line) => line.dataset.block === block);
  for (const line of codeLines) line.classList.toggle("now", seen.includes(line));
  const code = $("#code");
  code.classList.remove("bare", "tiny");
  code.classList.toggle("long", isLong);
  // The lines of a loop are many: they have the room that they need.
  if (seen.length && tallOf(seen) >= code.clientHeight - 8) code.classList.remove("long");
  for (const kind of ["bare", "tiny"]) {
    if (!seen.length || tallOf(seen) < code.clientHeight - 8) break;
    code.classList.add("small", kind);
  }
  if (seen.length) bring(seen, code);
  shownCode = `${lines} ${side} ${state.mode} ${block}`;
}
function refresh(panel, focus) {
  if (panel.dataset.of !== "nudge" || focus !== "slider" || !nudged) return false;
  const slider = $("#slider"), fresh = document.createElement("div");
  nudgePanel(fresh);
  const name = $("b", panel.firstChild);
  name.textContent = named(state.chosen);
  const old = [...panel.childNodes].slice(1), made = [...fresh.childNodes].slice(1);
  old.forEach((element, k) => element.replaceWith(made[k]));
  const value = parts(given[keyOf(state.chosen.id)]).data[state.chosen.index];
  if (Number(slider.value) !== value) slider.value = value;
  $("#number").value = Number(value.toPrecision(6));
  return true;
}
const tallOf = (lines) => lines[lines.length - 1].getBoundingClientRect().bottom - lines[0].getBoundingClientRect().top;
// Scrolls until the lines are seen; of more than there is room for, the first.
function bring(lines, box) {
  const room = box.getBoundingClientRect(), [first, last] = [lines[0], lines[lines.length - 1]].map((l) => l.getBoundingClientRect());
  if (last.bottom > room.bottom - 4) box.scrollTop += last.bottom - room.bottom + 0.2 * room.height;
  const { top } = lines[0].getBoundingClientRect();
  if (top < room.top + 4) box.scrollTop += top - room.top - 4;
}

// The code beside the picture: one function at a time.
// The lines that do a step; where a gradient has none, those that it is a factor of.
function linesOf({ phase, id }) {
  const side = phase === "forward" ? "value" : "gradient", listed = (text = "") => text.split(" ");
  const own = codeLines.filter((l) => l.dataset.side === side && listed(l.dataset.of).includes(id));
  if (own.length || phase === "forward") return own;
  return codeLines.filter((l) => listed(l.dataset.lines).some((f) => model.factors[f]?.[0] === id));
}
// The function that the first line of a pass belongs to.
const blockOf = (phase) => {
  const lit = steps.filter((s) => s.phase === phase).flatMap(linesOf), line = codeLines.find((l) => lit.includes(l));
  return line ? line.dataset.block : "1";
};
const blocks = { value: blockOf("forward"), gradient: blockOf("backward") };
let block = "", shownCode = "", opened = "";
// Shows a function, as large as there is room: in small type if need be, then with what
// lines say of themselves at those in use alone, then with these lines and some around.
function layCode(wanted, focus) {
  const code = $("#code"), own = codeLines.filter((line) => line.dataset.block === wanted);
  block = wanted;
  for (const line of codeLines) line.hidden = line.dataset.block !== wanted;
  for (const gap of $$(".gap", code)) gap.remove();
  code.className = "";
  const isCut = () => code.scrollHeight > code.clientHeight + 1;
  for (const kind of ["small", "bare", "long"]) if (isCut()) code.classList.add(kind);
  if (!isCut()) return;
  if (opened === wanted) {
    own[0].before(gapOf(0, words.code_less));
    bring(focus.length ? focus : own, code);
    return;
  }
  // On a phone there is no such room: there it is scrolled.
  if (getComputedStyle(code).overflowY !== "hidden") { bring(focus.length ? focus : own, code); return; }
  const tall = (line) => line.getBoundingClientRect().height;
  // The lines of a loop are many: they have the room that they need.
  for (const change of [() => {}, () => code.classList.remove("long"), () => code.classList.add("tiny")]) {
    change();
    for (const line of own) line.hidden = false;
    for (const gap of $$(".gap", code)) gap.remove();
    const heights = own.map(tall), whole = code.clientHeight - 24;
    // Of the lines that are left out, each run takes a line itself.
    for (let gaps = 2; gaps < 12; gaps++) {
      leaveOut(own, focus, heights, whole - gaps * heights[0]);
      if (!isCut()) break;
    }
    if (!isCut() && focus.every((line) => !line.hidden)) return;
  }
}
function leaveOut(own, focus, heights, room) {
  const kept = new Set(), places = focus.map((line) => own.indexOf(line)).filter((k) => k >= 0);
  let used = 0, hidden = 0;
  const keep = (k) => {
    if (!own[k] || kept.has(k)) return true;
    used += heights[k];
    return used <= room && Boolean(kept.add(k));
  };
  keep(0);
  for (const k of places) keep(k);
  const [first, last] = places.length ? [Math.min(...places), Math.max(...places)] : [0, 0];
  for (let far = 1; far < own.length && keep(first - far) && keep(last + far); far++);
  for (const gap of $$("#code .gap")) gap.remove();
  // What would stand for a single line takes as much room as the line.
  const isRead = (k) => heights[k] <= heights[0] && own[k].innerText.trim() !== own[k].querySelector(".no").textContent;
  for (const k of own.keys()) if (kept.has(k - 1) && kept.has(k + 1) && isRead(k)) kept.add(k);
  own.forEach((line, k) => {
    line.hidden = !kept.has(k);
    if (!line.hidden && hidden) line.before(gapOf(hidden));
    hidden = line.hidden ? hidden + 1 : 0;
  });
  if (hidden) own[own.length - 1].after(gapOf(hidden));
}
// What stands for lines that are left out: it opens them.
function gapOf(count, said = words.code_more.replace("{count}", count)) {
  const opener = button(count ? `⋯ ${count}` : "⋯", () => { opened = count ? block : ""; shownCode = ""; render(); }, { title: said });
  opener.setAttribute("aria-label", said);
  return html("li", { className: "gap" }, [opener]);
}
function showCode(active, side) {
  // Where nothing changed nothing is measured: that would lay the page out at once.
  const now = `${active.map((line) => line.id)} ${side} ${state.mode}`;
  if (now === shownCode) return;
  const isTrained = ["nudge", "train"].includes(state.mode);
  const wanted = active.length ? active[0].dataset.block : blocks[isTrained ? "gradient" : state.step ? side : "value"];
  const seen = active.filter((line) => line.dataset.block === wanted);
  for (const line of codeLines) line.classList.toggle("now", seen.includes(line));
  if (opened !== wanted) opened = "";
  layCode(wanted, seen);
  shownCode = now;
}
// Scrolls until the lines are seen; of more than there is room for, the first.
function bring(lines, box) {
  const room = box.getBoundingClientRect(), [first, last] = [lines[0], lines[lines.length - 1]].map((l) => l.getBoundingClientRect());
  if (last.bottom > room.bottom - 4) box.scrollTop += last.bottom - room.bottom + 0.2 * room.height;
  const { top } = lines[0].getBoundingClientRect();
  if (top < room.top + 4) box.scrollTop += top - room.top - 4;
}

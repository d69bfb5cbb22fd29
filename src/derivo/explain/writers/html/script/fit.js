// What would have to be scrolled is made smaller, down to what can still be read.
const LEAST = 0.55;
let fitted = "";
function fit(key) {
  // While numbers alone change nothing is measured: that would lay the page out at once.
  if (key === fitted || isPrinted) return;
  fitted = key;
  const card = $("#card"), isCut = () => card.scrollHeight > card.clientHeight + 1;
  card.classList.remove("tight");
  card.style.setProperty("--fit", 1);
  for (const box of [$("#chain"), $("#result"), ...$$(".moment:not([hidden]) .scroll")]) {
    const inner = [...box.children].find((e) => !e.hidden);
    if (!inner) continue;
    inner.style.zoom = 1;
    const ratio = box.clientWidth / box.scrollWidth;
    if (ratio < 1) inner.style.zoom = Math.max(LEAST, ratio - 0.01);
  }
  if (!room.isWide || !isCut()) return;
  card.classList.add("tight");
  for (let size = 0.95; isCut() && size > LEAST; size -= 0.05) card.style.setProperty("--fit", size);
}
let isPrinted = false; // on paper is room for everything
window.addEventListener("resize", () => { measure(); if (!isPrinted) { fitted = shownCode = ""; render(); } });

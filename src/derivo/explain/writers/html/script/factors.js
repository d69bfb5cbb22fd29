// A factor lights up in all its places: where one is pointed at, or for good where it is
// clicked. What a page does beside that is its own: `lead` may lead somewhere instead.
function showFactor(id) {
  for (const element of $$("[data-f].lit, [data-lines].lit")) element.classList.remove("lit");
  if (!id) return;
  for (const element of $$(`[data-f~="${id}"], [data-lines~="${id}"]`)) element.classList.add("lit");
  bringFactor(id);
}
const pin = (id) => { state.factor = state.factor === id ? null : id; showFactor(state.factor); };
const factorAt = (target) => {
  const element = target instanceof Element && target.closest("[data-f]");
  return element ? element.dataset.f.split(" ")[0] : null;
};
document.addEventListener("mouseover", (event) => showFactor(factorAt(event.target) || state.factor));
document.addEventListener("focusin", (event) => { const id = factorAt(event.target); if (id) showFactor(id); });
document.addEventListener("click", (event) => { const id = factorAt(event.target); if (id) lead(id, event.target); });
document.addEventListener("keydown", (event) => {
  const id = event.key === "Enter" && factorAt(event.target);
  if (id) lead(id, event.target);
  if (event.key === "Escape") pin(null);
});

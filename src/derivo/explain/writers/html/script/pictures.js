// Which picture is seen, and which steps of a loop.
// The picture of the step, unless one that shows it too was chosen.
function showPicture(active) {
  const shows = (picture) => active && active.id in drawn[picture].spotOf;
  const isPlayed = ["nudge", "train"].includes(state.mode);
  if (isPlayed) active = state.mode === "nudge" && state.chosen;
  const first = Object.keys(drawings)[0], isPinned = state.pinned && views[state.picture];
  const isHeld = state.heldAt === state.step || (isPinned && drawings[state.picture].copies);
  if (!isPinned || (active && !isHeld && !shows(state.picture)))
    state.picture = (active && homes[active.id]) || (isPinned ? state.picture : first);
  for (const [picture, view] of Object.entries(views)) view.hidden = picture !== state.picture;
  const path = [], own = drawings[state.picture];
  for (let p = state.picture; p; p = drawings[p].within) path.unshift(p);
  const crumbs = path.map((p, k) => {
    const place = loopIn(path[k + 1]), step = place && stepAround(place);
    const where = step === undefined ? "" : `, ${loops[loopIn(p)].counter} = ${step + 1}`;
    const button = html("button", { textContent: drawings[p].name + where, disabled: p === state.picture });
    button.addEventListener("click", () => openPicture(p));
    return button;
  });
  $("#path").hidden = path.length < 2;
  $("#path").replaceChildren(...crumbs.flatMap((b, k) => (k ? ["›", b] : [b])));
  if (own.copies) $("#path").append(loopSlider(loopIn(state.picture), own.copies));
}
// The loop that is open in a picture.
const loopIn = (picture) => Object.keys(loops).find((p) => loops[p].picture === picture);
// Opens what is behind a box: of a loop in a loop, for the step that the box is in.
function openBox(opener) {
  const box = opener.closest(".spot").dataset.place.split(" ").pop();
  if (isInLoop(box)) state.inside[bare(box)] = stepAt(box);
  openPicture(opener.dataset.opens);
}
// Where a picture is larger than its room, as on a phone, the step is brought into it.
let broughtTo = "";
function bringSpot(spot) {
  const view = views[state.picture], at = `${state.picture} ${state.step}`;
  // Measured once for a step: that lays the page out.
  if (!spot || at === broughtTo) return;
  broughtTo = at;
  if (view.scrollWidth <= view.clientWidth && view.scrollHeight <= view.clientHeight) return;
  const room = view.getBoundingClientRect(), box = spot.getBoundingClientRect();
  view.scrollBy(box.left - room.left + (box.width - room.width) / 2, box.top - room.top + (box.height - room.height) / 2);
}
function openPicture(picture) {
  state.picture = picture;
  state.pinned = true;
  state.heldAt = state.step;
  render();
}
// Which steps of a loop are shown.
function loopSlider(place, copies) {
  const loop = loops[place], first = state.first[place] || 0, most = loop.length - copies;
  const slider = html("input", { type: "range", id: "first", min: 0, max: most, step: 1, value: first });
  const said = () => words.steps_of.replace("{first}", (state.first[place] || 0) + 1).replace("{last}", (state.first[place] || 0) + copies).replace("{count}", loop.length);
  const text = html("span", { textContent: said() });
  slider.setAttribute("aria-label", said());
  slider.disabled = most < 1;
  slider.addEventListener("input", () => {
    state.first[place] = Number(slider.value);
    render();
    $("#first").focus({ preventScroll: true });
  });
  for (const name of $$(".spot .name, .spot .dname", views[state.picture])) {
    const id = (name.closest("[data-name]")?.dataset.name) || name.closest(".spot").dataset.place.split(" ").pop();
    const side = name.matches(".dname") ? "gradient" : "value", shift = loop.shifts[bare(id)];
    if (shift) name.firstChild.data = label(side, id);
  }
  return html("label", {}, [slider, text]);
}

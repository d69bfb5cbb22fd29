// The derivation in short: each line opens to what tells it entry by entry.
function unfold(story, on = story.hidden) {
  story.hidden = !on;
  $(".unfold", story.previousElementSibling).setAttribute("aria-expanded", String(on));
}
// Opens what holds a place of the derivation, and goes there.
function showStory(place) {
  const story = place.closest(".story");
  if (story) unfold(story, true);
  openDrawer(true);
  const line = story === place ? story.previousElementSibling : place;
  line.scrollIntoView({ block: "start" });
  if (story) $(".unfold", story.previousElementSibling).focus({ preventScroll: true });
}
drawer.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']"), place = link && document.getElementById(link.getAttribute("href").slice(1));
  if (link) event.preventDefault();
  if (place) showStory(place);
  const line = event.target.closest(".told");
  if (line && !event.target.closest("a, [data-f]")) unfold(line.nextElementSibling);
});
$("#card").addEventListener("click", (event) => {
  const more = event.target.closest("[data-story]");
  if (more) showStory(document.getElementById(more.dataset.story));
});

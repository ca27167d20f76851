"use strict";
const film = document.getElementById("film"), strip = document.getElementById("strip"), cursor = document.getElementById("cursor");
const fps = parseFloat([...document.querySelectorAll("td")].map((cell) => /([\d.]+) frames\/s/.exec(cell.textContent)).find(Boolean)[1]);
const go = (seconds) => { film.pause(); film.currentTime = Math.min(Math.max(seconds, 0), film.duration || 0); };
const follow = () => {
  const share = film.duration ? film.currentTime / film.duration : 0;
  cursor.style.left = `${100 * share}%`;
  strip.setAttribute("aria-valuenow", Math.round(100 * share));
  requestAnimationFrame(follow);
};
strip.addEventListener("click", (event) => {
  const box = strip.getBoundingClientRect();
  go(((event.clientX - box.left) / box.width) * film.duration);
});
strip.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step) { event.preventDefault(); go(film.currentTime + step / fps); }
});
for (const button of document.querySelectorAll("[data-frame]"))
  button.addEventListener("click", () => go((Number(button.dataset.frame) + 0.5) / fps));
follow();

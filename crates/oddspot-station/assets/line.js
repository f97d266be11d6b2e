// The page of a station: as parts come, what is shown is brought anew from the service.
import { listen as act, refusal, tell } from "./api.js";
import { follow } from "./events.js";
import { listen } from "./label.js";
import { listen as send } from "./send.js";

/** Milliseconds without a sign of life after which the connection counts as lost. */
const SILENCE = 15_000;
/** Between two times that the page is brought anew, at least, in milliseconds. */
const BETWEEN = 250;
/** Milliseconds that images are waited for. */
const PATIENCE = 1_500;

const now = /** @type {HTMLElement} */ (document.getElementById("now"));
const lost = /** @type {HTMLElement} */ (document.getElementById("lost"));
const station = now.dataset.station ?? "";
const silence = lost.textContent;
/** Why nothing new can be shown, as the service says it. */
let away = "";
let showsOdd = true;
let heard = Date.now();
let isWanted = false;
let isBusy = false;

/** Shows the large image with or without what is odd. */
function show() {
  const box = document.getElementById("show-odd");
  const image = document.getElementById("large");
  if (box instanceof HTMLInputElement) box.checked = showsOdd;
  if (!(image instanceof HTMLImageElement)) return;
  const wanted = (showsOdd ? image.dataset.overlay : image.dataset.view) ?? "";
  if (image.getAttribute("src") !== wanted) image.src = wanted;
}

/**
 * Waits for the images of what is to be shown, so that nothing flashes; those that are shown already stay.
 * @param {DocumentFragment} next
 */
async function ready(next) {
  const shown = new Map([...now.querySelectorAll("img")].map((image) => [image.src, image]));
  const all = [...next.querySelectorAll("img")];
  const large = all.find((image) => image.id === "large");
  if (large && !showsOdd) large.src = large.dataset.view ?? large.src;
  const come = all.filter((image) => !shown.has(image.src)).map((image) => {
    image.loading = "eager";
    return image.decode();
  });
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  await Promise.race([Promise.allSettled(come), patience]);
  for (const image of all) {
    const same = shown.get(image.src);
    if (same && same.id === image.id) image.replaceWith(same);
  }
}

/** Brings what is shown anew; more that is wanted meanwhile comes after it. */
async function bring() {
  isWanted = true;
  if (isBusy) return;
  isBusy = true;
  while (isWanted) {
    isWanted = false;
    try {
      const headers = { "oddspot-page": "1" };
      const answer = await fetch(`/stations/${encodeURIComponent(station)}/now`, { headers });
      // Signed out meanwhile: the page leads to where one signs in, and back. Or the station has another name by now.
      if (answer.status === 401 || answer.status === 404) return location.reload();
      if (answer.status === 503) goAway(await refusal(answer));
      if (answer.ok) {
        goAway();
        const next = document.createRange().createContextualFragment(await answer.text());
        await ready(next);
        const focused = document.activeElement;
        const kept = focused instanceof HTMLElement && now.contains(focused) ? focused.id : "";
        now.replaceChildren(next);
        show();
        if (kept) document.getElementById(kept)?.focus();
      }
    } catch {
      lost.hidden = false;
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN));
  }
  isBusy = false;
}

/**
 * Says why nothing new can be shown, or that it can; what is shown stays.
 * @param {Error} [why]
 */
function goAway(why) {
  const sentence = why?.message ?? "";
  if (sentence === away) return;
  away = sentence;
  tell(lost, why ?? silence);
  lost.hidden = !away;
}

/** Notes a sign of life. */
function hear() {
  heard = Date.now();
  if (!lost.hidden && !away) {
    lost.hidden = true;
    bring();
  }
}

/** @param {MessageEvent} event */
function inspection(event) {
  hear();
  if (JSON.parse(event.data).station === station) bring();
}
/** @param {MessageEvent} event */
function health(event) {
  hear();
  if (!JSON.parse(event.data).history) goAway();
  // That it is away, and why, is told to who asks, in the language of the page.
  bring();
}
follow({ heartbeat: hear, inspection, health }, hear, () => { lost.hidden = false; });
setInterval(() => { if (Date.now() - heard > SILENCE) lost.hidden = false; }, 1_000);
// How the folder is, and a new day, bring no event.
setInterval(bring, 10_000);

document.addEventListener("change", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.id === "show-odd") {
    showsOdd = event.target.checked;
    show();
  }
});
listen(bring);
send(station, bring);
act(bring, (error, button) => tell(button, error));

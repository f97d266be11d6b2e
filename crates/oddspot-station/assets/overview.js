// The page of all stations: as parts come, the tiles are brought anew from the service.
import { Refusal, bring, tell } from "./api.js";
import { follow } from "./events.js";

/** Between two times that the tiles are brought anew, at least, in milliseconds: all stations tell of their parts here. */
const BETWEEN = 1_000;
/** Milliseconds without a sign of life after which the connection counts as lost. */
const SILENCE = 15_000;

const part = /** @type {HTMLElement} */ (document.getElementById("overview"));
const lost = /** @type {HTMLElement} */ (document.getElementById("lost"));
const silence = lost.textContent;
let heard = Date.now();
let isWanted = false;
let isBusy = false;

/** Brings the tiles anew; more that is wanted meanwhile comes after it. */
async function renew() {
  isWanted = true;
  if (isBusy) return;
  isBusy = true;
  while (isWanted) {
    isWanted = false;
    try {
      await bring(part);
      lost.hidden = true;
    } catch (error) {
      // Signed out meanwhile: the page leads to where one signs in.
      if (error instanceof Refusal && error.status === 401) return location.reload();
      tell(lost, error);
      lost.hidden = false;
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN));
  }
  isBusy = false;
}

/** Notes a sign of life. */
function hear() {
  heard = Date.now();
}

/** Notes it, and brings what is new. */
function news() {
  hear();
  renew();
}

/** Says that what is shown may be old. */
function lose() {
  lost.textContent = silence;
  lost.hidden = false;
}

follow({ heartbeat: hear, inspection: news, health: news }, news, lose);
setInterval(() => { if (Date.now() - heard > SILENCE) lose(); }, 1_000);
// How long ago a part came, and what is wrong, bring no event.
setInterval(renew, 10_000);

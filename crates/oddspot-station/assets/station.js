// What a station is called, and that it is taken away.
import { ask, tell } from "./api.js";

const form = document.getElementById("rename");
const said = document.getElementById("station-said");

/**
 * Asks for a change of the station, and goes on to a page that is there then.
 * @param {string} method
 * @param {string | undefined} body
 * @param {string} next
 */
async function change(method, body, next) {
  if (!form || !said) return;
  const buttons = form.querySelectorAll("button");
  said.textContent = "";
  for (const button of buttons) button.disabled = true;
  try {
    await ask(method, form.dataset.address ?? "", body);
    location.assign(next);
  } catch (error) {
    tell(said, error);
    for (const button of buttons) button.disabled = false;
  }
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const name = String(new FormData(/** @type {HTMLFormElement} */ (form)).get("name") ?? "").trim();
  change("PUT", JSON.stringify({ name }), `/stations/${encodeURIComponent(name)}/setup`);
});

document.getElementById("remove-station")?.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.currentTarget);
  if (confirm(button.dataset.question)) change("DELETE", undefined, "/");
});

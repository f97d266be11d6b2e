// The page where a station is made.
import { ask, tell } from "./api.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("new"));
const wrong = /** @type {HTMLElement} */ (document.getElementById("new-wrong"));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = String(new FormData(form).get("name") ?? "").trim();
  try {
    await ask("POST", "/api/v1/stations", JSON.stringify({ name }));
    location.assign(`/stations/${encodeURIComponent(name)}/setup`);
  } catch (error) {
    tell(wrong, error);
    wrong.hidden = false;
  }
});

// Buttons by which a person says what a part really is.
import { Refusal, ask, tell, words } from "./api.js";
import { say } from "./words.js";

/**
 * Lets buttons with `data-id` set a label (`data-truth`) or remove it (`data-remove`).
 * @param {() => void} done called when it is kept
 */
export function listen(done) {
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-id]") : null;
    if (!(button instanceof HTMLButtonElement)) return;
    button.disabled = true;
    const address = `/api/v1/inspections/${button.dataset.id}/label`;
    try {
      if ("remove" in button.dataset) await ask("DELETE", address);
      else await ask("PUT", address, JSON.stringify({ truth: button.dataset.truth }));
      done();
    } catch (error) {
      button.disabled = false;
      const sentence = say("script-not-kept", { detail: words(error) });
      tell(button, new Refusal(sentence, error instanceof Refusal ? error.english : []));
    }
  });
}

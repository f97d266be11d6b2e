// Buttons by which a person says what a part really is, and fields for what is wrong with it.
import { Refusal, ask, tell, words } from "./api.js";
import { say } from "./words.js";

/**
 * What a label says: with the fields of the button's form, if it is in one.
 * @param {HTMLButtonElement} button
 */
function said(button) {
  /** @type {Record<string, string | null | undefined>} */
  const label = { truth: button.dataset.truth };
  if (!button.form) return label;
  for (const [name, text] of new FormData(button.form)) label[name] = String(text).trim() || null;
  return label;
}

/**
 * Lets buttons with `data-id` set a label (`data-truth`) or remove it (`data-remove`).
 * @param {() => void} done called when it is kept
 */
export function listen(done) {
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-id]") : null;
    if (!(button instanceof HTMLButtonElement)) return;
    // What a form would send by itself is not what is asked for.
    event.preventDefault();
    const label = said(button);
    button.disabled = true;
    const address = `/api/v1/inspections/${button.dataset.id}/label`;
    try {
      if ("remove" in button.dataset) await ask("DELETE", address);
      else await ask("PUT", address, JSON.stringify(label));
      done();
    } catch (error) {
      button.disabled = false;
      const sentence = say("script-not-kept", { detail: words(error) });
      tell(button, new Refusal(sentence, error instanceof Refusal ? error.english : []));
    }
  });
}

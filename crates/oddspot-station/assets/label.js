// Buttons by which a person says what a part really is.

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
    const removes = "remove" in button.dataset;
    try {
      const answer = await fetch(address, {
        method: removes ? "DELETE" : "PUT",
        headers: { "content-type": "application/json" },
        body: removes ? undefined : JSON.stringify({ truth: button.dataset.truth }),
      });
      if (!answer.ok) throw new Error((await answer.json()).detail);
      done();
    } catch (error) {
      button.disabled = false;
      button.textContent = `not kept: ${error instanceof Error ? error.message : error}`;
    }
  });
}

// The page of a station's models.
import { ask, listen, words } from "./api.js";
import { say } from "./words.js";

const said = /** @type {HTMLElement} */ (document.getElementById("said"));
const file = document.getElementById("model");

listen(() => location.reload(), (sentence) => { said.textContent = sentence; });

file?.addEventListener("change", async () => {
  if (!(file instanceof HTMLInputElement) || !file.files?.[0]) return;
  const [model] = file.files;
  said.textContent = say("script-sent", { name: model.name });
  try {
    const address = `${file.dataset.address}?name=${encodeURIComponent(model.name)}`;
    const answer = await (await ask("POST", address, model)).json();
    if (answer.refused) said.textContent = say("script-invalid", { detail: answer.refused });
    else location.reload();
  } catch (error) {
    said.textContent = words(error);
  }
  file.value = "";
});

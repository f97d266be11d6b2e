// The page of a station's models.
import { ask, bring, listen, words } from "./api.js";
import { filled, say } from "./words.js";

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

/** Two models compared: a job judges what is missing, and what comes of it is shown then. */
function comparing() {
  const form = document.getElementById("compare");
  const shown = document.getElementById("compared");
  const wrong = document.getElementById("compare-said");
  const button = form?.querySelector("button");
  if (!(form instanceof HTMLFormElement) || !shown || !wrong || !button) return;
  /** @type {number | undefined} */
  let job;
  /** @type {string[]} */
  let models = [];

  const show = async () => {
    const query = new URLSearchParams({ first: models[0], second: models[1] });
    await bring(shown, `?${query}`);
    wrong.textContent = "";
  };

  const end = () => {
    job = undefined;
    button.disabled = false;
  };

  /** @param {{id: number, state: string, progress: number, outcome: string | null}} now */
  const follow = async (now) => {
    if (now.id !== job) return;
    if (now.state === "waiting" || now.state === "running") {
      wrong.textContent = filled(form.dataset.words ?? "", { percent: Math.floor(now.progress * 100) });
      return;
    }
    end();
    try {
      await show();
      if (now.state !== "done") wrong.textContent = say("script-failed", { detail: now.outcome ?? now.state });
    } catch (error) {
      wrong.textContent = words(error);
    }
  };

  const events = new EventSource("/api/v1/events");
  events.addEventListener("job", (event) => follow(JSON.parse(event.data)));
  // What ended while the connection was lost.
  events.addEventListener("open", async () => {
    if (job === undefined) return;
    const answer = await ask("GET", `/api/v1/jobs/${job}`).catch(() => undefined);
    if (answer) follow(await answer.json());
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    models = ["first", "second"].map((name) => String(new FormData(form).get(name)));
    try {
      const body = JSON.stringify({ station: form.dataset.station, kind: "compare", models });
      const asked = await (await ask("POST", "/api/v1/jobs", body)).json();
      job = asked.id;
      // It may have ended before the answer was read.
      await follow(await (await ask("GET", `/api/v1/jobs/${job}`)).json());
    } catch (error) {
      wrong.textContent = words(error);
      end();
    }
  });
}

comparing();

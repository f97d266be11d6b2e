// The page of a station's models.
import { ask, bring, listen, showOutcome, tell } from "./api.js";
import { follow } from "./events.js";
import { filled, say } from "./words.js";

const said = /** @type {HTMLElement} */ (document.getElementById("said"));
const file = document.getElementById("model");

listen(() => location.reload(), (error) => tell(said, error));

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
    tell(said, error);
  }
  file.value = "";
});

/** Two models compared: a job judges what is missing, and what comes of it is shown then. */
function comparing() {
  const form = document.getElementById("compare");
  const shown = document.getElementById("compared");
  const wrong = document.getElementById("compare-said");
  const button = form?.querySelector("button");
  const cancel = document.getElementById("compare-cancel");
  if (!(form instanceof HTMLFormElement) || !shown || !wrong || !button || !cancel) return;
  const choices = [...form.querySelectorAll("select")];
  const station = form.dataset.station ?? "";
  /** @type {number | undefined} */
  let job;
  /** @type {string[]} */
  let models = [];

  const compared = async () => {
    const query = new URLSearchParams({ first: models[0], second: models[1] });
    await bring(shown, `?${query}`);
    wrong.textContent = "";
  };

  const end = () => {
    job = undefined;
    button.disabled = false;
    cancel.hidden = true;
  };

  const begin = (/** @type {number | undefined} */ id) => {
    job = id;
    button.disabled = true;
    cancel.hidden = id === undefined;
  };

  /** @param {{id: number, station: string, state: string, progress: number, outcome: string | null}} now */
  const show = async (now) => {
    if (now.id !== job) return;
    if (now.state === "waiting" || now.state === "running") {
      wrong.textContent = filled(form.dataset.words ?? "", { percent: Math.floor(now.progress * 100) });
      return;
    }
    end();
    try {
      await compared();
      if (now.state !== "done") await showOutcome(wrong, now);
    } catch (error) {
      tell(wrong, error);
    }
  };


  /** How the job is now: it may have ended before anybody listened. */
  const look = async () => {
    if (job !== undefined) await show(await (await ask("GET", `/api/v1/jobs/${job}`)).json());
  };
  // When it is listened to again, what ended meanwhile.
  follow({ job: (event) => show(JSON.parse(event.data)) }, () => look().catch(() => {}));

  const attempt = async (/** @type {() => Promise<void>} */ work) => {
    try {
      await work();
    } catch (error) {
      tell(wrong, error);
      end();
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      begin(undefined);
      models = choices.map((choice) => choice.value);
      const body = JSON.stringify({ station, kind: "compare", models });
      const asked = await (await ask("POST", "/api/v1/jobs", body)).json();
      begin(asked.id);
      await look();
    });
  });

  cancel.addEventListener("click", async () => {
    try {
      await ask("POST", `/api/v1/jobs/${job}/cancel`);
    } catch (error) {
      tell(wrong, error);
    }
  });

  // One that somebody began before.
  if (form.dataset.job) attempt(async () => {
    begin(Number(form.dataset.job));
    const now = await (await ask("GET", `/api/v1/jobs/${job}`)).json();
    models = now.models;
    choices.forEach((choice, at) => { choice.value = models[at]; });
    await show(now);
  });
}

comparing();

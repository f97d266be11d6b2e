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

/**
 * A form that asks for a job: how far it is, what came of it, and a button that breaks it off.
 * @param {string} name
 * @param {(models: string[]) => Promise<void>} [over] shows more of what came of it than its sentence
 */
function asks(name, over) {
  const form = document.getElementById(name);
  const wrong = document.getElementById(`${name}-said`);
  const button = form?.querySelector("button");
  const cancel = document.getElementById(`${name}-cancel`);
  if (!(form instanceof HTMLFormElement) || !wrong || !button || !cancel) return;
  const choices = [...form.querySelectorAll("select")];
  const { station = "", kind } = form.dataset;
  /** @type {number | undefined} */
  let job;
  /** @type {string[]} */
  let models = [];

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
      await over?.(models);
      wrong.textContent = "";
      if (!over || now.state !== "done") await showOutcome(wrong, now);
    } catch (error) {
      tell(wrong, error);
    }
  };

  /** How the job is now: it may have ended before anybody listened. */
  const look = async () => {
    if (job !== undefined) await show(await (await ask("GET", `/api/v1/jobs/${job}`)).json());
  };
  const attempt = async (/** @type {() => Promise<void>} */ work) => {
    try {
      await work();
    } catch (error) {
      tell(wrong, error);
      end();
    }
  };

  /** What is ticked, as settings of the job. */
  const settings = () => {
    const ticks = [...form.querySelectorAll("input")].filter((one) => one.checked);
    return Object.fromEntries(ticks.map((one) => [one.name, "true"]));
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      begin(undefined);
      models = choices.map((choice) => choice.value);
      const body = JSON.stringify({ station, kind, models, settings: settings() });
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
  return { show, look };
}

const compared = document.getElementById("compared");
const forms = [
  asks("verify"),
  asks("compare", async ([first, second]) => {
    if (compared) await bring(compared, `?${new URLSearchParams({ first, second })}`);
  }),
];
// When it is listened to again, what ended meanwhile.
follow(
  { job: (event) => forms.forEach((form) => form?.show(JSON.parse(event.data))) },
  () => forms.forEach((form) => form?.look().catch(() => {})),
);

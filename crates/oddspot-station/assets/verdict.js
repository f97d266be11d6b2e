// The page of a station's thresholds: what they would have meant is told as the sliders move.
import { ask, listen, showOutcome, tell } from "./api.js";
import { follow } from "./events.js";
import { filled } from "./words.js";

const part = document.getElementById("verdict");
if (part) {
  const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (document.getElementById(id));
  const button = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (document.getElementById(id));
  const meant = /** @type {HTMLElement} */ (document.getElementById("meant"));
  const said = /** @type {HTMLElement} */ (document.getElementById("said"));
  const drawing = /** @type {SVGElement} */ (document.querySelector("#histogram svg"));
  const pairs = ["threshold", "check"].map((id) => ({ slider: input(id), number: input(`${id}-number`) }));
  const first = pairs.map((pair) => Number(pair.number.value));
  let values = [...first];
  let isBusy = false;
  let isWanted = false;

  const show = () => {
    const [low, high, left, width] = ["low", "high", "left", "width"].map((name) => Number(drawing.dataset[name]));
    pairs.forEach((pair, at) => {
      const line = drawing.querySelector(at === 0 ? ".threshold" : ".check-threshold");
      const x = left + width * Math.min(Math.max((values[at] - low) / (high - low), 0), 1);
      line?.setAttribute("x1", String(x));
      line?.setAttribute("x2", String(x));
    });
    const isAsBefore = values.every((value, at) => value === first[at]);
    button("save").disabled = isAsBefore;
    button("reset").disabled = isAsBefore;
  };

  /** Asks what the thresholds would have meant; those that come meanwhile after it. */
  const ponder = async () => {
    isWanted = true;
    if (isBusy) return;
    isBusy = true;
    while (isWanted) {
      isWanted = false;
      try {
        const query = new URLSearchParams({ threshold: String(values[0]), check_threshold: String(values[1]) });
        const answer = await ask("GET", `${part.dataset.meant}?${query}`);
        meant.replaceChildren(document.createRange().createContextualFragment(await answer.text()));
        said.textContent = "";
      } catch (error) {
        tell(said, error);
      }
    }
    isBusy = false;
  };

  /** Takes a threshold; the other gives way, for what is to be checked begins no higher. */
  const take = (/** @type {number} */ at, /** @type {number} */ value) => {
    if (!Number.isFinite(value)) return;
    values[at] = value;
    if (at === 0 && values[1] > value) values[1] = value;
    if (at === 1 && values[0] < value) values[0] = value;
    pairs.forEach((pair, other) => {
      pair.slider.value = String(values[other]);
      if (document.activeElement !== pair.number) pair.number.value = String(Number(values[other].toPrecision(6)));
    });
    show();
    ponder();
  };

  pairs.forEach((pair, at) => {
    pair.slider.addEventListener("input", () => take(at, Number(pair.slider.value)));
    pair.number.addEventListener("input", () => take(at, pair.number.valueAsNumber));
  });
  button("reset").addEventListener("click", () => {
    values = [...first];
    take(0, first[0]);
    take(1, first[1]);
  });
  listen(() => {}, (error) => tell(said, error));
  const anew = document.getElementById("anew");
  const cancel = document.getElementById("anew-cancel");
  const hear = async (/** @type {MessageEvent} */ event) => {
    const job = JSON.parse(event.data);
    if (job.station !== anew?.dataset.station || job.kind !== "labels") return;
    const told = /** @type {HTMLElement} */ (document.getElementById("anew-said"));
    if (job.state === "waiting" || job.state === "running") {
      document.getElementById("anew-begin")?.remove();
      if (cancel) {
        cancel.dataset.post = `/api/v1/jobs/${job.id}/cancel`;
        cancel.hidden = false;
      }
      told.textContent = filled(anew?.dataset.words ?? "", { percent: Math.floor(job.progress * 100) });
    } else if (job.state === "done" && values.every((value, at) => value === first[at])) {
      location.reload();
    } else {
      // Sliders that were moved stay as they are.
      if (cancel) cancel.hidden = true;
      told.textContent = "";
      if (job.state !== "done") await showOutcome(told, job).catch((error) => tell(told, error));
      ponder();
    }
  };
  if (anew) follow({ job: hear });
  document.getElementById("thresholds")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    button("save").disabled = true;
    try {
      const body = JSON.stringify({ model: part.dataset.model, threshold: values[0], check_threshold: values[1] });
      await ask("POST", part.dataset.address ?? "", body);
      location.reload();
    } catch (error) {
      tell(said, error);
      button("save").disabled = false;
    }
  });
}

// What pages ask of the service, and parts of pages that are brought anew.
import { say } from "./words.js";

/** The sentences for kinds of problems. @type {Record<string, string>} */
const KINDS = {
  "urn:oddspot:history-away": "script-away",
  "urn:oddspot:forbidden": "script-forbidden",
  "urn:oddspot:invalid": "script-invalid",
  "urn:oddspot:no-model": "script-no-model",
  "urn:oddspot:not-found": "script-missing",
  "urn:oddspot:queue-full": "script-busy",
  "urn:oddspot:too-fast": "script-busy",
  "urn:oddspot:too-large": "script-too-large",
  "urn:oddspot:unknown": "script-unknown",
};

/** What an answer tells which is none of what was asked for. */
export class Refusal extends Error {
  /**
   * @param {string} sentence
   * @param {string[]} english what of it is in English
   * @param {number} [status] of the answer
   */
  constructor(sentence, english, status) {
    super(sentence);
    this.english = english;
    this.status = status;
  }
}

/**
 * What an answer tells which is none of what was asked for.
 * @param {Response} answer
 * @returns {Promise<Refusal>}
 */
export async function refusal(answer) {
  const problem = await answer.json().catch(() => ({}));
  if (problem.said) return new Refusal(problem.said, problem.english ?? [], answer.status);
  const detail = problem.detail ?? `${answer.status} ${answer.statusText}`;
  return new Refusal(say(KINDS[problem.type] ?? "script-failed", { detail }), [detail], answer.status);
}

/**
 * Shows why something was refused; what of it is in English is marked as that, for who reads it out.
 * @param {Element} element
 * @param {unknown} error
 */
export function tell(element, error) {
  element.replaceChildren(...told(error));
}

/**
 * The same as what can stand in an element.
 * @param {unknown} error
 * @returns {(string | HTMLElement)[]}
 */
export function told(error) {
  const sentence = words(error);
  if (!(error instanceof Refusal) || document.documentElement.lang === "en") return [sentence];
  /** @type {(string | HTMLElement)[]} */
  const parts = [];
  let rest = sentence;
  for (const english of error.english) {
    const at = rest.indexOf(english);
    if (at < 0) continue;
    const span = document.createElement("span");
    span.lang = "en";
    span.textContent = english;
    parts.push(rest.slice(0, at), span);
    rest = rest.slice(at + english.length);
  }
  return [...parts, rest];
}

/**
 * Sends a request, and gives the answer.
 * @param {string} method
 * @param {string} address
 * @param {string | Blob | undefined} [body]
 * @returns {Promise<Response>}
 */
export async function ask(method, address, body) {
  /** @type {Record<string, string>} */
  const headers = { "oddspot-page": "1" };
  if (typeof body === "string") headers["content-type"] = "application/json";
  const answer = await fetch(address, { method, body, headers }).catch(() => {
    throw new Error(say("script-lost"));
  });
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

/**
 * Brings a part of a page anew; what has the focus keeps it, if it is still there.
 * @param {HTMLElement} part
 * @param {string} [query]
 */
export async function bring(part, query = "") {
  const answer = await ask("GET", (part.dataset.part ?? "") + query);
  const next = document.createRange().createContextualFragment(await answer.text());
  const focused = document.activeElement;
  const buttons = () => [...part.querySelectorAll("button, a, input")];
  const at = focused instanceof HTMLElement && part.contains(focused) ? buttons().indexOf(focused) : -1;
  part.replaceChildren(next);
  const again = buttons()[at];
  if (again instanceof HTMLElement) again.focus();
}

/**
 * Lets buttons with `data-post`, `data-put` or `data-delete` ask for what they say.
 * @param {(button: HTMLElement) => void} done called when it is done
 * @param {(error: unknown, button: HTMLElement) => void} failed
 */
export function listen(done, failed) {
  document.addEventListener("click", async (event) => {
    const wanted = "button[data-post], button[data-put], button[data-delete]";
    const button = event.target instanceof Element ? event.target.closest(wanted) : null;
    if (!(button instanceof HTMLButtonElement)) return;
    const { post, put, body } = button.dataset;
    const method = post ? "POST" : put ? "PUT" : "DELETE";
    button.disabled = true;
    try {
      await ask(method, post ?? put ?? button.dataset.delete ?? "", body);
      done(button);
    } catch (error) {
      failed(error, button);
    } finally {
      button.disabled = false;
    }
  });
}

/**
 * Shows what came of a job, as the page of the set-up says it; of an old one that is not there, as the job itself does.
 * @param {Element} element
 * @param {{id: number, station: string, outcome: string | null}} job
 */
export async function showOutcome(element, job) {
  const answer = await ask("GET", `/stations/${encodeURIComponent(job.station)}/setup/jobs`);
  const jobs = document.createRange().createContextualFragment(await answer.text());
  const said = [...jobs.querySelectorAll(`#job-${job.id} .outcome`)];
  const outcome = job.outcome ?? "";
  if (said.length === 0) return tell(element, new Refusal(outcome, [outcome]));
  element.replaceChildren(...said.flatMap((one) => [...one.childNodes, " "]));
}

/**
 * An error in words.
 * @param {unknown} error
 */
export function words(error) {
  return error instanceof Error ? error.message : String(error);
}

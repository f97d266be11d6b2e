// The page of who may do what.
import { ask, tell } from "./api.js";

const said = /** @type {HTMLElement} */ (document.getElementById("said"));
const give = /** @type {HTMLDialogElement} */ (document.getElementById("give"));
const made = /** @type {HTMLElement} */ (document.getElementById("made"));

/**
 * Asks for something, and tells why if it is refused.
 * @param {() => Promise<void>} work
 */
async function attempt(work) {
  said.textContent = "";
  try {
    await work();
  } catch (error) {
    tell(said, error);
    said.scrollIntoView({ block: "nearest" });
  }
}

/**
 * Sends the fields of a form as JSON.
 * @param {HTMLFormElement} form
 */
function send(form) {
  const fields = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
  return ask("POST", form.dataset.address ?? "", JSON.stringify(fields));
}

/**
 * @param {string} id
 * @param {(form: HTMLFormElement) => Promise<void>} work
 */
function onSubmit(id, work) {
  const form = /** @type {HTMLFormElement} */ (document.getElementById(id));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(() => work(form));
  });
}

onSubmit("add-user", async (form) => {
  await send(form);
  location.assign("/people");
});

onSubmit("add-token", async (form) => {
  const { name, token } = await (await send(form)).json();
  // Not by loading the page anew: nothing but this page ever shows it.
  /** @type {HTMLElement} */ (document.getElementById("made-name")).textContent = name;
  /** @type {HTMLElement} */ (document.getElementById("made-token")).textContent = token;
  made.hidden = false;
  made.scrollIntoView({ block: "nearest" });
  form.reset();
  const answer = await fetch("/people", { headers: { accept: "text/html" } });
  const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("token-list");
  const list = document.getElementById("token-list");
  if (next && list) list.replaceWith(next);
});

document.getElementById("copy")?.addEventListener("click", () => attempt(async () => {
  const code = /** @type {HTMLElement} */ (document.getElementById("made-token"));
  // Without TLS browsers let nobody write the clipboard: then it is marked, to be copied by hand.
  if (navigator.clipboard) await navigator.clipboard.writeText(code.textContent ?? "");
  else getSelection()?.selectAllChildren(code);
}));

document.addEventListener("change", (event) => {
  const select = event.target;
  if (!(select instanceof HTMLSelectElement) || !select.dataset.role) return;
  const address = select.dataset.role;
  attempt(async () => {
    try {
      await ask("PUT", address, JSON.stringify({ role: select.value }));
      location.reload();
    } catch (error) {
      for (const option of select.options) option.selected = option.defaultSelected;
      throw error;
    }
  });
});

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (!button) return;
  const { remove, question, password, user } = button.dataset;
  if (remove && confirm(question)) {
    attempt(async () => {
      await ask("DELETE", remove);
      location.reload();
    });
  }
  if (password) {
    /** @type {HTMLElement} */ (document.getElementById("give-user")).textContent = user ?? "";
    give.dataset.address = password;
    give.returnValue = "";
    give.querySelector("form")?.reset();
    // Browsers that keep passwords must know whose it is.
    /** @type {HTMLInputElement} */ (document.getElementById("give-name")).value = user ?? "";
    give.showModal();
  }
});

give.addEventListener("close", () => {
  const field = give.querySelector("input[type=password]");
  if (give.returnValue !== "give" || !(field instanceof HTMLInputElement)) return;
  const password = field.value;
  field.value = "";
  attempt(async () => {
    await ask("PUT", give.dataset.address ?? "", JSON.stringify({ password }));
    location.reload();
  });
});

// Keys that lead through the pages, and the help that shows them.

/** Where it is kept that a person wants no keys. */
const KEPT = "oddspot-keys";

const help = /** @type {HTMLDialogElement} */ (document.getElementById("keys"));
const open = /** @type {HTMLButtonElement} */ (document.getElementById("show-keys"));
const on = /** @type {HTMLInputElement} */ (document.getElementById("keys-on"));

/** What is kept in this browser; nothing where it may not be. */
function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

/** @param {string} value */
function keep(value) {
  try {
    localStorage.setItem(KEPT, value);
  } catch {
    // Then it holds for this page alone.
  }
}

on.checked = kept() !== "off";
on.addEventListener("change", () => keep(on.checked ? "on" : "off"));
open.hidden = false;
open.addEventListener("click", () => help.showModal());
help.addEventListener("click", (event) => {
  if (event.target === help) help.close();
});

/** Whether what has the focus takes letters for itself. */
function isWriting() {
  const focused = document.activeElement;
  return focused instanceof HTMLElement
    && (focused.matches("input:not([type=checkbox], [type=radio], [type=range]), select, textarea, [role=application]")
      || focused.isContentEditable);
}

/** What a letter does, beside leading to a page. @type {Record<string, () => void>} */
const ACTIONS = {
  "?": () => help.showModal(),
  w: () => document.getElementById("call-wrong")?.click(),
  o: () => document.getElementById("show-odd")?.click(),
  "/": () => {
    const search = document.getElementById("search");
    const history = document.querySelector("a[data-key=h]");
    if (search) search.focus();
    else if (history instanceof HTMLAnchorElement) location.assign(`${history.href}#search`);
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (isWriting() || document.querySelector("dialog[open]")) return;
  // The help itself can always be had.
  if (!on.checked && event.key !== "?") return;
  const key = event.key.toLowerCase();
  const link = /^[a-z]$/.test(key) ? document.querySelector(`a[data-key=${key}]`) : null;
  const action = link instanceof HTMLElement ? () => link.click() : ACTIONS[key];
  if (!action) return;
  event.preventDefault();
  action();
});
if (location.hash === "#search") document.getElementById("search")?.focus();

const menu = document.querySelector(".bar-top details");
if (menu instanceof HTMLDetailsElement) {
  // Open, it lies over the page.
  document.addEventListener("click", (event) => {
    if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
}

// The list of files that were refused, and why.
import { told } from "./api.js";

/** Refused files that are listed. */
const LISTED = 50;

/**
 * Tells why a file was refused.
 * @param {HTMLElement} list
 * @param {string} name
 * @param {unknown} error
 */
export function refuse(list, name, error) {
  list.hidden = false;
  if (list.children.length >= LISTED) return;
  const line = document.createElement("li");
  const strong = document.createElement("strong");
  strong.textContent = name;
  line.append(strong, " ", ...told(error));
  list.append(line);
}

/**
 * Empties the list.
 * @param {HTMLElement} list
 */
export function clear(list) {
  list.replaceChildren();
  list.hidden = true;
}

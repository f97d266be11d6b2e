// What scripts say, in the language of the page.

/** @type {Record<string, string>} */
const all = JSON.parse(document.getElementById("words")?.textContent || "{}");

/**
 * A sentence with its gaps filled.
 * @param {string} key
 * @param {Record<string, string | number>} [gaps]
 */
export function say(key, gaps = {}) {
  return filled(all[key] ?? key, gaps);
}

/**
 * A sentence of the page with its gaps filled.
 * @param {string} sentence
 * @param {Record<string, string | number>} gaps
 */
export function filled(sentence, gaps) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => String(gaps[name] ?? ""));
}

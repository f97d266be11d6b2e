// Images that a person sends to be judged, one by one; what comes of each the page of the line shows by itself.
import { ask } from "./api.js";
import { clear, refuse } from "./refused.js";
import { filled } from "./words.js";

/** Letters of a part's id, at most. */
const LONGEST = 200;

const place = document.getElementById("send");
const input = document.getElementById("files");
const said = document.getElementById("sent-words");
const refused = document.getElementById("refused");

/**
 * Lets images be chosen or dropped.
 * @param {string} station
 * @param {() => void} missed called when one was refused
 */
export function listen(station, missed) {
  if (!place || !said || !refused || !(input instanceof HTMLInputElement)) return;
  const address = `/api/v1/stations/${encodeURIComponent(station)}/inspections`;
  /** @type {Promise<void>} */
  let sending = Promise.resolve();

  /** @param {File[]} files */
  const send = async (files) => {
    const counts = { sent: 0, total: files.length, refused: 0 };
    const tell = () => { said.textContent = filled(place.dataset.words ?? "", counts); };
    clear(refused);
    tell();
    for (const file of files) {
      // The file's name without its ending: people find the part by it.
      const part = [...file.name.replace(/\.\w+$/, "")].slice(0, LONGEST).join("");
      try {
        await ask("POST", `${address}?part_id=${encodeURIComponent(part)}`, file);
      } catch (error) {
        counts.refused += 1;
        refuse(refused, file.name, error);
        missed();
      }
      counts.sent += 1;
      tell();
    }
  };
  /** @param {File[]} files */
  const queue = (files) => {
    if (files.length > 0) sending = sending.then(() => send(files));
  };

  input.addEventListener("change", () => {
    queue([...(input.files ?? [])]);
    input.value = "";
  });
  for (const kind of ["dragenter", "dragover"]) {
    place.addEventListener(kind, (event) => {
      event.preventDefault();
      place.classList.add("over");
    });
  }
  place.addEventListener("dragleave", () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("over");
    // A folder is no image.
    const items = [...(event.dataTransfer?.items ?? [])].filter((item) => item.webkitGetAsEntry()?.isFile);
    queue(items.flatMap((item) => item.getAsFile() ?? []));
  });
}

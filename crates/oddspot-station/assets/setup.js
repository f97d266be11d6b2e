// The page of what a station's models are made of: images are sent one by one, and jobs are watched.
import { ask, bring, listen, tell } from "./api.js";
import { follow } from "./events.js";
import { clear, refuse as listed } from "./refused.js";
import { filled } from "./words.js";

const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const setup = part("setup");
const drop = part("drop");
const station = setup.dataset.station ?? "";
/** Between two times that the jobs are brought anew, at least, in milliseconds. */
const BETWEEN = 500;

let page = 0;
let isStopped = false;
/** @type {Promise<void>} */
let sending = Promise.resolve();

const good = () => bring(part("good"), `?page=${page}`);

/**
 * Tells why a file was refused.
 * @param {string} name
 * @param {unknown} error
 */
function refuse(name, error) {
  listed(part("refused"), name, error);
}

/**
 * Sends files one by one.
 * @param {[string, File][]} files
 */
async function send(files) {
  const bar = /** @type {HTMLProgressElement} */ (part("sent"));
  const counts = { sent: 0, total: files.length, same: 0, refused: 0 };
  const tell = () => {
    bar.max = Math.max(files.length, 1);
    bar.value = counts.sent;
    part("sent-words").textContent = filled(drop.dataset.words ?? "", counts);
  };
  isStopped = false;
  part("sending").hidden = false;
  part("stop-sending").hidden = false;
  clear(part("refused"));
  tell();
  for (const [name, file] of files) {
    if (isStopped) break;
    try {
      const address = `/api/v1/stations/${station}/good?name=${encodeURIComponent(name)}`;
      const answer = await (await ask("POST", address, file)).json();
      if (!answer.new) counts.same += 1;
    } catch (error) {
      counts.refused += 1;
      refuse(name, error);
    }
    counts.sent += 1;
    tell();
  }
  part("stop-sending").hidden = true;
  page = 0;
  await Promise.all([good(), bring(part("jobs"))]);
  // Regions are drawn on an image: with the first ones the page has that part.
  if (!document.getElementById("regions") && counts.sent > counts.refused && !counts.refused) location.reload();
}

/** @param {[string, File][]} files */
function queue(files) {
  if (files.length > 0) sending = sending.then(() => send(files)).catch((error) => refuse(drop.dataset.broken ?? "", error));
}

for (const id of ["files", "folder"]) {
  const input = /** @type {HTMLInputElement} */ (part(id));
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    queue(files.filter(isImage).map((file) => [file.webkitRelativePath || file.name, file]));
    input.value = "";
  });
}

/**
 * Whether a file of a folder may be an image: what else lies there is none of ours.
 * @param {File} file
 */
function isImage(file) {
  return !file.webkitRelativePath || /\.(png|jpe?g|bmp|webp|tiff?)$/i.test(file.name);
}

/**
 * The files of what is dropped, folders and what is below them too; what cannot be read is noted, and the rest goes on.
 * @param {FileSystemEntry | null} entry
 * @param {[string, unknown][]} lost
 * @returns {Promise<[string, File][]>}
 */
async function filesOf(entry, lost) {
  if (!entry) return [];
  try {
    return await readable(entry, lost);
  } catch (error) {
    lost.push([entry.fullPath.replace(/^\//, ""), error]);
    return [];
  }
}

/**
 * The same; it fails where this very entry cannot be read.
 * @param {FileSystemEntry} entry
 * @param {[string, unknown][]} lost
 * @returns {Promise<[string, File][]>}
 */
async function readable(entry, lost) {
  if (entry.isFile) {
    const file = await new Promise((found, failed) => {
      /** @type {FileSystemFileEntry} */ (entry).file(found, failed);
    });
    return [[entry.fullPath.replace(/^\//, ""), file]];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  /** @type {[string, File][]} */
  const all = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((found, failed) => { reader.readEntries(found, failed); });
    if (some.length === 0) return all.filter(([name]) => /\.(png|jpe?g|bmp|webp|tiff?)$/i.test(name));
    for (const one of some) all.push(...await filesOf(one, lost));
  }
}

for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", async (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  // They are there only until the first wait.
  const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry());
  /** @type {[string, unknown][]} */
  const lost = [];
  const files = await Promise.all(entries.map((entry) => filesOf(entry, lost)));
  queue(files.flat());
  // Behind what is sent, which begins with an empty list.
  sending = sending.then(() => lost.forEach(([name, error]) => refuse(name, error)));
});
part("stop-sending").addEventListener("click", () => { isStopped = true; });

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[data-page]") : null;
  if (!(button instanceof HTMLElement)) return;
  page = Number(button.dataset.page);
  good();
});

document.getElementById("judged")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const inspections = new FormData(form).getAll("inspection");
  try {
    const body = JSON.stringify({ inspections });
    await ask("POST", `/api/v1/stations/${station}/good/judged`, body);
    location.reload();
  } catch (error) {
    tell(part("judged-wrong"), error);
  }
});

const anew = () => Promise.all([good(), bring(part("jobs")), bring(part("found"))]);
listen(anew, (error, button) => {
  const said = document.createElement("span");
  said.className = "wrong";
  said.setAttribute("role", "alert");
  tell(said, error);
  button.after(said);
});

let isWanted = false;
let isBusy = false;

/** Brings the jobs anew as they go, not too often. */
async function watch() {
  isWanted = true;
  if (isBusy) return;
  isBusy = true;
  while (isWanted) {
    isWanted = false;
    await bring(part("jobs")).catch(() => {});
    await new Promise((resolve) => { setTimeout(resolve, BETWEEN); });
  }
  isBusy = false;
}

/** @param {MessageEvent} event */
function job(event) {
  const job = JSON.parse(event.data);
  if (job.station !== station) return;
  watch();
  if (job.state === "done") bring(part("found")).catch(() => {});
}
const lost = part("lost");
const back = () => {
  if (!lost.hidden) watch();
  lost.hidden = true;
};
follow({ job }, back, () => { lost.hidden = false; });

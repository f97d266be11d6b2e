// Regions drawn on a good image: polygons of what is inspected or ignored, by mouse, touch and keyboard.
import { ask, filled, words } from "./api.js";

const part = document.getElementById("regions");
if (part) {
  const SVG = "http://www.w3.org/2000/svg";
  /** How near to its first corner a click closes a region, as a share of the image's width. */
  const NEAR = 0.015;
  /** Steps of the cross, as shares of the image's width: small and large. */
  const STEPS = [0.005, 0.05];

  const canvas = /** @type {SVGSVGElement} */ (/** @type {unknown} */ (document.getElementById("canvas")));
  const select = /** @type {HTMLSelectElement} */ (document.getElementById("region-image"));
  const button = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (document.getElementById(`region-${id}`));
  const said = /** @type {HTMLElement} */ (document.getElementById("region-said"));
  const list = /** @type {HTMLElement} */ (document.getElementById("region-list"));

  /** @typedef {{ kind: string, points: number[][] }} Region */
  /** @type {Region[]} in shares of the image's sides */
  let regions = [];
  /** @type {number[][]} */
  let open = [];
  /** @type {Region[][]} what there was before each change */
  let before = [];
  let cross = [0.5, 0.5];
  let usesKeys = false;
  let size = [1, 1];

  const kind = () => {
    const chosen = document.querySelector("input[name=region-kind]:checked");
    return chosen instanceof HTMLInputElement ? chosen.value : "inspect";
  };

  /** @param {string} name @param {Record<string, string | number>} attributes */
  const draw = (name, attributes) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    canvas.append(element);
  };
  const at = (/** @type {number[]} */ [x, y]) => [x * size[0], y * size[1]];
  const text = (/** @type {number[][]} */ points) => points.map((point) => at(point).join(",")).join(" ");

  function show() {
    canvas.querySelectorAll(":not(image)").forEach((one) => one.remove());
    const unit = Math.max(...size) / 400;
    for (const region of regions) {
      draw("polygon", { class: `region ${region.kind}`, points: text(region.points), "stroke-width": unit * 2 });
    }
    if (open.length > 0) {
      draw("polyline", { class: `region open ${kind()}`, points: text(open), "stroke-width": unit * 2 });
      open.forEach((point, index) => {
        const [cx, cy] = at(point);
        draw("circle", { class: index === 0 ? "corner first" : "corner", cx, cy, r: unit * 4 });
      });
    }
    if (usesKeys && document.activeElement === canvas) {
      const [x, y] = at(cross);
      draw("path", { class: "cross", d: `M${x - unit * 10} ${y}h${unit * 20}M${x} ${y - unit * 10}v${unit * 20}`, "stroke-width": unit * 2 });
    }
    button("close").disabled = open.length < 3;
    button("undo").disabled = open.length === 0 && before.length === 0;
    list.replaceChildren(...regions.map((region, index) => {
      const line = document.createElement("li");
      const remove = document.createElement("button");
      const words = filled(part?.dataset[region.kind] ?? "", { n: index + 1, points: region.points.length });
      remove.type = "button";
      remove.textContent = "×";
      remove.setAttribute("aria-label", `× ${words}`);
      remove.addEventListener("click", () => change(regions.filter((one) => one !== region)));
      line.append(words, " ", remove);
      return line;
    }));
  }

  /** @param {Region[]} next */
  function change(next) {
    before.push(regions);
    regions = next;
    button("keep").disabled = false;
    said.textContent = part?.dataset.changed ?? "";
    show();
  }

  function close() {
    if (open.length < 3) return;
    const region = { kind: kind(), points: open };
    open = [];
    change([...regions, region]);
  }

  /** @param {number[]} point */
  function corner(point) {
    const [first] = open;
    const far = first ? Math.hypot(...at([point[0] - first[0], point[1] - first[1]])) : Infinity;
    if (open.length >= 3 && far < NEAR * size[0]) {
      close();
      return;
    }
    open.push(point.map((share) => Math.min(Math.max(share, 0), 1)));
    said.textContent = filled(part?.dataset.drawn ?? "", { points: open.length });
    show();
  }

  function undo() {
    if (open.length > 0) open.pop();
    else {
      regions = before.pop() ?? regions;
      button("keep").disabled = false;
    }
    show();
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    usesKeys = false;
    canvas.focus({ preventScroll: true });
    const box = canvas.getBoundingClientRect();
    corner([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  });
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.shiftKey ? 1 : 0];
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const move = /** @type {Record<string, number[]>} */ (moves)[event.key];
    if (move) {
      const high = size[0] / size[1];
      cross = [cross[0] + move[0], cross[1] + move[1] * high].map((share) => Math.min(Math.max(share, 0), 1));
    } else if (event.key === " " || event.key === "Enter") corner(cross);
    else if (event.key === "c" || event.key === "C") close();
    else if (event.key === "Backspace") undo();
    else return;
    event.preventDefault();
    usesKeys = true;
    show();
  });
  canvas.addEventListener("focus", () => { usesKeys = true; show(); });
  canvas.addEventListener("blur", show);
  button("close").addEventListener("click", close);
  button("undo").addEventListener("click", undo);
  document.querySelectorAll("input[name=region-kind]").forEach((one) => one.addEventListener("change", show));

  button("keep").addEventListener("click", async () => {
    close();
    const shapes = (/** @type {string} */ wanted) => regions
      .filter((region) => region.kind === wanted)
      .map((region) => region.points.map((point) => at(point).map((pixel) => Math.round(pixel * 10) / 10)));
    const body = { inspect: shapes("inspect"), ignore: shapes("ignore"), width: size[0], height: size[1] };
    try {
      await ask("PUT", part.dataset.address ?? "", JSON.stringify(body));
      button("keep").disabled = true;
      said.textContent = part.dataset.kept ?? "";
    } catch (error) {
      said.textContent = words(error);
    }
  });

  /** Shows the chosen image. */
  function choose() {
    const chosen = select.selectedOptions[0];
    size = [Number(chosen.dataset.width) || 1, Number(chosen.dataset.height) || 1];
    canvas.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
    canvas.style.aspectRatio = `${size[0]} / ${size[1]}`;
    canvas.querySelectorAll("image").forEach((one) => one.remove());
    draw("image", { href: chosen.value, width: size[0], height: size[1] });
    show();
  }
  select.addEventListener("change", choose);

  const drawn = JSON.parse(document.getElementById("regions-drawn")?.textContent || "{}");
  // Without sides they are shares already.
  const sides = [drawn.width ?? 1, drawn.height ?? 1];
  for (const name of ["inspect", "ignore"]) {
    for (const ring of drawn[name] ?? []) {
      regions.push({ kind: name, points: ring.map((/** @type {number[]} */ point) => point.map((pixel, axis) => pixel / sides[axis])) });
    }
  }
  choose();
}

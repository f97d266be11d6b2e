// Regions drawn on a good image: polygons of what is inspected or ignored, by mouse, touch and keyboard.
import { ask, tell } from "./api.js";
import { filled } from "./words.js";

const part = document.getElementById("regions");
if (part) {
  const SVG = "http://www.w3.org/2000/svg";
  /** How near to a corner a pointer takes it, in pixels of the screen: a mouse, and a finger. */
  const NEAR = { mouse: 10, touch: 24 };
  /** Steps of the cross, as shares of the image's width: small and large. */
  const STEPS = [0.005, 0.05];

  const canvas = /** @type {SVGSVGElement} */ (/** @type {unknown} */ (document.getElementById("canvas")));
  const select = /** @type {HTMLSelectElement} */ (document.getElementById("region-image"));
  const button = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (document.getElementById(`region-${id}`));
  const said = /** @type {HTMLElement} */ (document.getElementById("region-said"));
  const list = /** @type {HTMLElement} */ (document.getElementById("region-list"));

  /** @typedef {{ kind: string, points: number[][] }} Region */
  /** @typedef {{ region: number, point: number }} Corner of a region that is closed */
  /** @type {Region[]} in shares of the image's sides */
  let regions = [];
  /** @type {number[][]} */
  let open = [];
  /** @type {Region[][]} what there was before each change */
  const before = [];
  /** @type {Corner | null} that arrows move */
  let held = null;
  /** Whether the corner that is held was moved since. */
  let isMoved = false;
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
  const inside = (/** @type {number[]} */ point) => point.map((share) => Math.min(Math.max(share, 0), 1));
  const isHeld = (/** @type {number} */ region, /** @type {number} */ point) => held?.region === region && held.point === point;

  function show() {
    canvas.querySelectorAll(":not(image)").forEach((one) => one.remove());
    const unit = Math.max(...size) / 400;
    regions.forEach((region, index) => {
      draw("polygon", { class: `region ${region.kind}`, points: text(region.points), "stroke-width": unit * 2 });
      region.points.forEach((point, number) => {
        const [cx, cy] = at(point);
        const is = isHeld(index, number);
        draw("circle", { class: is ? "corner held" : "corner", cx, cy, r: unit * (is ? 5 : 3) });
      });
    });
    if (open.length > 0) {
      draw("polyline", { class: `region open ${kind()}`, points: text(open), "stroke-width": unit * 2 });
      open.forEach((point, index) => {
        const [cx, cy] = at(point);
        draw("circle", { class: index === 0 ? "corner first" : "corner", cx, cy, r: unit * 4 });
      });
    }
    if (usesKeys && !held && document.activeElement === canvas) {
      const [x, y] = at(cross);
      draw("path", { class: "cross", d: `M${x - unit * 10} ${y}h${unit * 20}M${x} ${y - unit * 10}v${unit * 20}`, "stroke-width": unit * 2 });
    }
    button("close").disabled = open.length < 3;
    button("undo").disabled = open.length === 0 && before.length === 0;
    list.replaceChildren(...regions.map((region, index) => {
      const line = document.createElement("li");
      const remove = document.createElement("button");
      const named = filled(part?.dataset[region.kind] ?? "", { n: index + 1, points: region.points.length });
      remove.type = "button";
      remove.textContent = "×";
      remove.setAttribute("aria-label", `× ${named}`);
      remove.addEventListener("click", () => change(regions.filter((one) => one !== region)));
      line.append(named, " ", remove);
      return line;
    }));
  }

  /** Notes what there was, so that it can be had again. */
  function remember() {
    before.push(regions.map((region) => ({ ...region, points: [...region.points] })));
    button("keep").disabled = false;
    said.textContent = part?.dataset.changed ?? "";
  }

  /** @param {Region[]} next */
  function change(next) {
    remember();
    regions = next;
    held = null;
    show();
  }

  function close() {
    if (open.length < 3) return;
    const region = { kind: kind(), points: open };
    open = [];
    change([...regions, region]);
  }

  /** Whether a point lies near another, by so many pixels of the screen. */
  function isNear(/** @type {number[]} */ point, /** @type {number[]} */ other, /** @type {number} */ pixels) {
    const scale = size[0] / Math.max(canvas.getBoundingClientRect().width, 1);
    return Math.hypot(...at([point[0] - other[0], point[1] - other[1]])) < pixels * scale;
  }

  /**
   * @param {number[]} point
   * @param {number} near in pixels of the screen
   */
  function corner(point, near) {
    if (open.length >= 3 && isNear(point, open[0], near)) {
      close();
      return;
    }
    open.push(inside(point));
    said.textContent = filled(part?.dataset.drawn ?? "", { points: open.length });
    show();
  }

  function undo() {
    if (open.length > 0) open.pop();
    else {
      regions = before.pop() ?? regions;
      held = null;
      button("keep").disabled = false;
    }
    show();
  }

  /** Holds a corner of a closed region, or none. */
  function hold(/** @type {Corner | null} */ corner) {
    held = corner;
    isMoved = false;
    said.textContent = corner ? filled(part?.dataset.held ?? "", { n: corner.region + 1, point: corner.point + 1 }) : "";
    show();
  }

  /** Holds the corner that follows, or that lies before, by so many steps. */
  function holdNext(/** @type {number} */ steps) {
    const all = regions.flatMap((region, index) => region.points.map((_, point) => ({ region: index, point })));
    if (all.length === 0) return;
    const now = all.findIndex((one) => isHeld(one.region, one.point));
    const next = now < 0 ? (steps > 0 ? 0 : all.length - 1) : now + steps;
    hold(all[(next + all.length) % all.length]);
  }

  /** Moves the corner that is held. */
  function moveTo(/** @type {number[]} */ point) {
    if (!held) return;
    if (!isMoved) remember();
    isMoved = true;
    regions[held.region].points[held.point] = inside(point);
    show();
  }

  /** Removes the corner that is held, and a region that has no area without it. */
  function removeHeld() {
    if (!held) return;
    const { region, point } = held;
    const points = regions[region].points.filter((_, index) => index !== point);
    const next = regions.map((one, index) => (index === region ? { ...one, points } : one));
    change(next.filter((one) => one.points.length >= 3));
  }

  /** Where a pointer is, in shares of the image. */
  function place(/** @type {PointerEvent} */ event) {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }
  const near = (/** @type {PointerEvent} */ event) => (event.pointerType === "touch" ? NEAR.touch : NEAR.mouse);

  /** The corner of a closed region that lies near a point; none while another region is drawn. */
  function cornerAt(/** @type {number[]} */ point, /** @type {number} */ pixels) {
    if (open.length > 0) return undefined;
    const all = regions.flatMap((region, index) => region.points.map((own, number) => ({ own, region: index, point: number })));
    return all.find((one) => isNear(point, one.own, pixels));
  }

  /** Where a pointer was put down that may become a corner. @type {number[] | null} */
  let down = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    usesKeys = false;
    canvas.focus({ preventScroll: true });
    const point = place(event);
    const found = cornerAt(point, near(event));
    down = null;
    if (found) {
      hold({ region: found.region, point: found.point });
      canvas.setPointerCapture(event.pointerId);
    } else if (held) hold(null);
    else down = point;
  });
  canvas.addEventListener("pointermove", (event) => {
    if (held && canvas.hasPointerCapture(event.pointerId)) moveTo(place(event));
  });
  // Not before the pointer is let go: a finger that scrolls the page sets no corner.
  canvas.addEventListener("pointerup", (event) => {
    const point = place(event);
    if (down && isNear(point, down, near(event))) corner(point, near(event));
    down = null;
  });
  canvas.addEventListener("pointercancel", () => { down = null; });
  // A finger that moves a corner does not scroll.
  canvas.addEventListener("touchstart", (event) => {
    const box = canvas.getBoundingClientRect();
    const [finger] = event.touches;
    const point = [(finger.clientX - box.left) / box.width, (finger.clientY - box.top) / box.height];
    if (event.touches.length === 1 && cornerAt(point, NEAR.touch)) event.preventDefault();
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.shiftKey ? 1 : 0];
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const move = /** @type {Record<string, number[]>} */ (moves)[event.key];
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (move) {
      const high = size[0] / size[1];
      const from = held ? regions[held.region].points[held.point] : cross;
      const to = inside([from[0] + move[0], from[1] + move[1] * high]);
      if (held) moveTo(to);
      else cross = to;
    } else if (key === "n") holdNext(1);
    else if (key === "p") holdNext(-1);
    else if (held && key === "Delete") removeHeld();
    else if (held && (key === "Escape" || key === "Enter" || key === " ")) hold(null);
    else if (key === " " || key === "Enter") corner(cross, NEAR.mouse);
    else if (key === "c") close();
    else if (key === "Escape" && open.length > 0) {
      open = [];
      said.textContent = "";
    } else if (key === "Backspace" || key === "Delete") undo();
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
      tell(said, error);
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

// The page of one inspection.
import { listen } from "./label.js";

const image = document.getElementById("large");
const box = document.getElementById("show-odd");
const print = document.getElementById("print");

box?.addEventListener("change", () => {
  if (!(image instanceof HTMLImageElement) || !(box instanceof HTMLInputElement)) return;
  image.src = (box.checked ? image.dataset.overlay : image.dataset.view) ?? image.src;
});
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
listen(() => location.reload());

"use strict";
// The page is whole without this: it only makes tables sortable and filterable, and opens what is
// folded before it is printed.
(() => {
  const text = (cell) => cell.textContent.trim();
  const value = (cell) => {
    const written = cell.dataset.value ?? text(cell).replace("−", "-").replace("+", "");
    const number = Number.parseFloat(written);
    return Number.isNaN(number) ? null : number;
  };

  // What has no number stays last in either order.
  const compare = (column, number, sign) => (a, b) => {
    const cells = [a.cells[column], b.cells[column]];
    if (!number) return sign * text(cells[0]).localeCompare(text(cells[1]), undefined, { numeric: true });
    const [x, y] = cells.map(value);
    if (x === null || y === null) return (x === null) - (y === null);
    return sign * (x - y);
  };

  const sort = (table, head, column) => {
    const number = "number" in head.dataset;
    // Numbers are asked for from the largest down.
    const first = number ? "descending" : "ascending";
    const other = number ? "ascending" : "descending";
    const order = head.getAttribute("aria-sort") === first ? other : first;
    for (const one of head.parentElement.children) one.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const body = table.tBodies[0];
    const rows = [...body.rows].sort(compare(column, number, order === "ascending" ? 1 : -1));
    body.append(...rows);
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, head, column));
      head.append(button);
    });
  }

  for (const form of document.querySelectorAll("form.filter")) {
    const filtered = document.getElementById(form.dataset.for);
    const rows = [...(filtered.tBodies ? filtered.tBodies[0].rows : filtered.children)];
    const fields = [...form.querySelectorAll("[data-filter]")];
    const passes = (row, field) => {
      const [has, wanted] = [row.dataset[field.dataset.filter], field.value];
      if (field.type === "search") return has.toLowerCase().includes(wanted.toLowerCase());
      return wanted === "" || has === wanted;
    };
    const filter = () => {
      for (const row of rows) row.hidden = !fields.every((field) => passes(row, field));
      const shown = rows.filter((row) => !row.hidden).length;
      form.querySelector("output").textContent = `${shown} of ${rows.length} images`;
    };
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    filter();
  }

  // Pictures show what is odd outlined, how odd each place is, or the image alone.
  for (const view of document.querySelectorAll("[data-view]")) {
    const pictures = [...document.querySelectorAll("img[data-plain]")];
    for (const picture of pictures) picture.dataset.outlined = picture.getAttribute("src");
    const show = (picture, what) => {
      const address = picture.dataset[what] ?? picture.dataset.outlined;
      if (picture.getAttribute("src") !== address) picture.src = address;
    };
    view.addEventListener("input", () => {
      for (const picture of pictures) show(picture, view.value);
    });
    for (const picture of pictures) {
      picture.addEventListener("pointerdown", () => show(picture, view.value === "plain" ? "outlined" : "plain"));
      for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
        picture.addEventListener(end, () => show(picture, view.value));
      }
    }
  }

  const folded = [];
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details.set:not([open])")) {
      one.open = true;
      folded.push(one);
    }
  });
  addEventListener("afterprint", () => {
    for (const one of folded.splice(0)) one.open = false;
  });
})();

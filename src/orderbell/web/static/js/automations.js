/** The matrix: arrow keys walk its switches, each turns at once and turns back when the server says no. */

const matrix = document.getElementById("matrix");
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** @returns {HTMLButtonElement[][]} the switches, row by row */
function grid() {
  return [...matrix.querySelectorAll("tr.rule")].map((row) => [...row.querySelectorAll("button.cell")]);
}

/** One tab stop for all switches, as in every grid. @param {HTMLElement | null} chosen */
function rove(chosen) {
  const cells = grid().flat();
  const stop = chosen ?? cells.find((cell) => cell.tabIndex === 0 && cell.hasAttribute("tabindex")) ?? cells[0];
  for (const cell of cells) cell.tabIndex = cell === stop ? 0 : -1;
}

/** @param {HTMLButtonElement} cell @param {boolean} on */
function paint(cell, on) {
  cell.setAttribute("aria-checked", String(on));
}

/** @param {HTMLButtonElement} cell */
function turn(cell) {
  const on = cell.getAttribute("aria-checked") !== "true";
  paint(cell, on);
  const values = { on: on ? "1" : "", _csrf_token: matrix.querySelector("[name=_csrf_token]").value };
  const row = `#${cell.closest("tr").id}`;
  htmx.ajax("POST", cell.formAction, { source: cell, target: row, swap: "morph:outerHTML", values });
}

if (matrix) {
  rove(null);
  matrix.addEventListener("submit", (event) => {
    if (!event.submitter?.matches(".cell")) return;
    event.preventDefault();
    turn(event.submitter);
  });
  matrix.addEventListener("focusin", (event) => {
    if (event.target.matches(".cell")) rove(event.target);
  });
  matrix.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const here = event.target.closest(".cell");
    if (!step || !here) return;
    event.preventDefault();
    const rows = grid();
    const y = rows.findIndex((row) => row.includes(here));
    const x = rows[y].indexOf(here);
    (rows[y + step[0]]?.[x + step[1]] ?? here).focus();
  });
  for (const name of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(name, (event) => {
      const cell = event.detail.elt;
      if (cell.matches?.(".cell")) paint(cell, cell.getAttribute("aria-checked") !== "true");
    });
  }
  document.addEventListener("htmx:afterSwap", () => rove(document.activeElement?.closest?.(".cell") ?? null));
}

// What was saved in the drawer closes it; the row behind it is new already.
document.addEventListener("saved-rule", () => document.getElementById("drawer")?.close());

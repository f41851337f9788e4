/** The read-out of charts: pointing, dragging or arrow keys walk the places; their numbers are those of the table. */

/** @param {HTMLElement} figure */
function readable(figure) {
  const out = figure.querySelector(".read-out");
  const range = /** @type {HTMLInputElement} */ (figure.querySelector("input[type=range]"));
  const names = [...figure.querySelectorAll("thead th")].slice(1).map((each) => each.textContent);
  const rows = [...figure.querySelectorAll("tbody tr")];
  const summary = out.textContent;

  /** @param {number} n @returns {string} the numbers of one place; those that are 0 say nothing */
  function words(n) {
    const numbers = [...rows[n].querySelectorAll("td")].map((each) => each.textContent);
    const said = names.map((name, i) => `${name} ${numbers[i]}`).filter((_, i) => numbers[i] !== "0");
    return [rows[n].querySelector("th").textContent, ...(said.length ? said : ["0"])].join(" · ");
  }

  /** @param {number} n */
  function point(n) {
    for (const chart of figure.querySelectorAll("svg")) {
      chart.querySelectorAll(".place").forEach((place, i) => place.classList.toggle("on", i === n));
    }
    range.value = String(n);
    range.setAttribute("aria-valuetext", words(n));
    out.textContent = words(n);
  }

  function letGo() {
    if (figure.contains(document.activeElement)) return;
    for (const place of figure.querySelectorAll(".place.on")) place.classList.remove("on");
    out.textContent = summary;
  }

  range.hidden = rows.length === 0;
  range.addEventListener("input", () => point(range.valueAsNumber));
  range.addEventListener("focus", () => point(range.valueAsNumber));
  range.addEventListener("blur", letGo);
  range.addEventListener("pointerleave", letGo);
  range.addEventListener("pointermove", (event) => {
    const shown = [...figure.querySelectorAll("svg")].find((each) => each.checkVisibility());
    const far = [...shown.querySelectorAll(".place")].map((place) => {
      return Math.abs(place.getBoundingClientRect().x - event.clientX);
    });
    point(far.indexOf(Math.min(...far)));
  });
}

/** @param {ParentNode} part a page, or what htmx put into it */
function prepare(part) {
  for (const figure of part.querySelectorAll("[data-chart]:not([data-ready])")) {
    figure.dataset.ready = "";
    readable(figure);
  }
}

prepare(document);
document.addEventListener("htmx:afterSettle", () => prepare(document));

/** Single keys: J and K walk a list, Enter opens (it is a link), / seeks. One switch turns them off (WCAG 2.1.4). */

const SWITCH = "orderbell.keys";
const OFF = "off";

/** @param {EventTarget | null} place @returns {boolean} whether somebody is writing there */
function writes(place) {
  return place instanceof Element && place.closest("input, textarea, select, [contenteditable]") !== null;
}

/** @param {number} by how many rows further; negative goes back */
function walk(by) {
  const rows = [...document.querySelectorAll("main [data-row]")];
  if (rows.length === 0) return;
  const here = rows.indexOf(/** @type {Element} */ (document.activeElement));
  const next = here < 0 ? 0 : Math.min(Math.max(here + by, 0), rows.length - 1);
  rows[next].focus();
  rows[next].scrollIntoView({ block: "nearest" });
}

/** @type {Record<string, () => void>} */
const deeds = {
  j: () => walk(1),
  k: () => walk(-1),
  "/": () => document.getElementById("seek")?.focus(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || writes(event.target)) return;
  if (localStorage.getItem(SWITCH) === OFF || document.querySelector("dialog[open]")) return;
  const deed = deeds[event.key];
  if (!deed) return;
  event.preventDefault();
  deed();
});

for (const box of document.querySelectorAll("[data-keys-switch]")) {
  box.checked = localStorage.getItem(SWITCH) !== OFF;
  box.addEventListener("change", () => localStorage.setItem(SWITCH, box.checked ? "on" : OFF));
}

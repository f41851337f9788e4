/** What every page of the panel runs: toasts, copying, the two switches, single keys. */

// --- A short word at the foot of the page that goes by itself; screen readers hear it too.
const STAYS_MS = 4000;

/** @param {string} text what to say; the server words it, in the reader's language */
function toast(text) {
  const place = document.getElementById("toasts");
  if (!place || !text) return;
  const card = document.createElement("p");
  card.className = "toast";
  card.textContent = text;
  place.append(card);
  setTimeout(() => card.remove(), STAYS_MS);
}

// The server says {"toast": "…"} in HX-Trigger; a failed request says what the page's body was given for it.
document.addEventListener("toast", (event) => toast(event.detail.value));
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => toast(document.body.dataset.failed ?? ""));
}

// --- `<button data-copy-of="id">`: that element's text into the clipboard, then say so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-of]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copyOf)?.textContent?.trim() ?? "";
  try {
    await navigator.clipboard.writeText(text);
    toast(button.dataset.done ?? "");
  } catch {
    // No clipboard over plain http on another machine: select the text, so that Ctrl+C takes it.
    const shown = document.getElementById(button.dataset.copyOf ?? "");
    if (shown) getSelection()?.selectAllChildren(shown);
  }
});

// --- Light or dark: kept in a cookie, so that the server paints the first frame right.
const YEAR_S = 31_536_000;

/** @returns {"light" | "dark"} what the page shows now */
function shown() {
  const set = document.documentElement.dataset.theme;
  if (set === "light" || set === "dark") return set;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) return;
  const next = shown() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  document.cookie = `theme=${next}; path=/; max-age=${YEAR_S}; samesite=lax`;
});

// --- The language switch keeps what the address says by now: filters change it without a new page.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-language]");
  if (!link) return;
  const here = new URL(location.href);
  here.searchParams.set("lang", link.hreflang);
  here.searchParams.delete("done");
  link.href = here.pathname + here.search;
});

// --- Single keys: J and K walk a list, Enter opens (it is a link), / seeks. One switch turns them off (WCAG 2.1.4).
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

/** What every page of the panel runs: toasts, copying, the two switches, single keys. */

// --- What was done, at the foot of the page: it goes by itself, but waits while somebody reads it or points at it.
const STAYS_MS = 6000;
const UNDO_STAYS_MS = 12_000;

/** @param {Element} card */
function letGo(card) {
  if (card.matches(":hover, :focus-within")) setTimeout(letGo, 1500, card);
  else card.remove();
}

/**
 * @param {string} text what to say; the server words it, in the reader's language
 * @param {{action: string, fields: Record<string, string>} | null} [undo] the way back
 */
function toast(text, undo = null) {
  const place = document.getElementById("toasts");
  if (!place || !text) return;
  const card = document.createElement("div");
  card.className = "toast";
  card.append(document.createElement("span"));
  card.firstChild.textContent = text;
  if (undo) card.append(wayBack(undo));
  place.append(card);
  setTimeout(letGo, undo ? UNDO_STAYS_MS : STAYS_MS, card);
}

/** @param {{action: string, fields: Record<string, string>}} undo @returns {DocumentFragment} */
function wayBack(undo) {
  const mould = /** @type {HTMLTemplateElement} */ (document.getElementById("toast-undo")).content.cloneNode(true);
  const form = mould.querySelector("form");
  form.action = undo.action;
  for (const [name, value] of Object.entries(undo.fields)) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  return mould;
}

// The server says {"toast": "…"} or {"toast": {"text", "undo"}} in HX-Trigger; a failed request says the body's words.
document.addEventListener("toast", (event) => {
  const { value, text, undo } = event.detail;
  toast(text ?? value, undo);
});
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => toast(document.body.dataset.failed ?? ""));
}
// One that came with the page is put in again, for only what is added to a live region is read out.
for (const card of document.querySelectorAll("[data-toast]")) {
  setTimeout(() => card.parentElement.append(card), 100);
  setTimeout(letGo, card.querySelector("form") ? UNDO_STAYS_MS : STAYS_MS, card);
  const here = new URL(location.href);
  for (const name of ["done", "undo"]) here.searchParams.delete(name);
  history.replaceState(history.state, "", here);
}

// --- Dialogs, menus and tabs. A dialog gives the focus back by itself.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  const dialog = event.target.closest("dialog[data-dialog]");
  if (dialog && (event.target === dialog || event.target.closest("[data-close]"))) dialog.close();
  for (const menu of document.querySelectorAll("details[data-drop][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details[data-drop][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

/** @param {HTMLElement} tab */
function show(tab) {
  for (const each of tab.parentElement.querySelectorAll("[role=tab]")) {
    each.setAttribute("aria-selected", String(each === tab));
    each.tabIndex = each === tab ? 0 : -1;
    document.getElementById(each.getAttribute("aria-controls")).hidden = each !== tab;
  }
  tab.dispatchEvent(new CustomEvent("tab", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-tabs] > [role=tab]");
  if (tab) show(tab);
});
document.addEventListener("keydown", (event) => {
  const tab = event.target.closest?.("[data-tabs] > [role=tab]");
  if (!tab) return;
  const all = [...tab.parentElement.querySelectorAll("[role=tab]")];
  const by = { ArrowRight: 1, ArrowLeft: -1, Home: -all.indexOf(tab), End: -1 - all.indexOf(tab) }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  const next = all[(all.indexOf(tab) + by + all.length) % all.length];
  next.focus();
  show(next);
});

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

// --- The language switch keeps what the address says by now (filters change it without a new page) and what was typed.
const DRAFT = "orderbell.draft";

/** @returns {NodeListOf<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>} all that may be kept: no secret, no file */
function typed() {
  return document.querySelectorAll(
    "main form :is(textarea, select, input:not([type=hidden], [type=password], [type=file], [type=search]))[name]",
  );
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-language]");
  if (!link) return;
  const here = new URL(location.href);
  here.searchParams.set("lang", link.hreflang);
  link.href = here.pathname + here.search;
  const kept = [...typed()].map((each) => [each.name, each.value, each.checked]);
  sessionStorage.setItem(DRAFT, JSON.stringify({ path: here.pathname, kept }));
});

const draft = JSON.parse(sessionStorage.getItem(DRAFT) ?? "null");
sessionStorage.removeItem(DRAFT);
if (draft?.path === location.pathname) {
  const places = [...typed()];
  const same = places.length === draft.kept.length && places.every((each, n) => each.name === draft.kept[n][0]);
  for (const [n, each] of (same ? places : []).entries()) {
    const [, value, checked] = draft.kept[n];
    if (each.value === value && each.checked === checked) continue;
    if (each.type === "radio" || each.type === "checkbox") each.checked = checked;
    else each.value = value;
    each.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

// --- Single keys: J and K walk a list, Enter opens (it is a link), / seeks, Z takes back, ? tells. One switch turns them off (WCAG 2.1.4).
const SWITCH = `orderbell.keys.${document.body.dataset.person}`;
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
  "/": () => document.dispatchEvent(new CustomEvent("palette")),
  "?": () => document.getElementById("keys-help")?.showModal(),
  z: () => [...document.querySelectorAll("#toasts button")].at(-1)?.click(),
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

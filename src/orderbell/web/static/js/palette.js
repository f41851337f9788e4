/** The palette: Ctrl+K or ⌘K opens it, arrows choose, Enter goes; what was chosen of late stands first. */

const palette = /** @type {HTMLDialogElement} */ (document.getElementById("palette"));
const ask = /** @type {HTMLInputElement} */ (document.getElementById("ask"));
const found = /** @type {HTMLElement} */ (document.getElementById("found"));
const RECENT = `orderbell.recent.${document.body.dataset.person}.${document.documentElement.lang}`;
const MOST_RECENT = 5;

/** @returns {HTMLElement[]} */
const options = () => [...found.querySelectorAll("[role=option]")];

/** @param {HTMLElement | undefined} option */
function choose(option) {
  for (const each of options()) each.setAttribute("aria-selected", String(each === option));
  if (option) ask.setAttribute("aria-activedescendant", option.id);
  else ask.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

/** @param {number} by */
function step(by) {
  const all = options();
  const here = all.findIndex((each) => each.ariaSelected === "true");
  choose(all[(here + by + all.length) % all.length]);
}

/** @returns {{href: string, word: string, icon: string}[]} */
const recent = () => JSON.parse(localStorage.getItem(RECENT) ?? "[]");

/** @param {HTMLAnchorElement} option */
function remember(option) {
  const href = option.getAttribute("href");
  const icon = option.querySelector("use").getAttribute("href");
  const word = option.querySelector(".grow").textContent;
  const others = recent().filter((each) => each.href !== href);
  localStorage.setItem(RECENT, JSON.stringify([{ href, word, icon }, ...others].slice(0, MOST_RECENT)));
}

/** Puts what was chosen of late before everything else; drawn from a row of the server's own. */
function showRecent() {
  const mould = found.querySelector("[role=group]");
  const kept = recent();
  if (ask.value || !mould || kept.length === 0) return;
  const group = /** @type {HTMLElement} */ (mould.cloneNode(true));
  const row = group.querySelector("[role=option]");
  group.setAttribute("aria-label", palette.dataset.recent);
  group.querySelector(".heading").textContent = palette.dataset.recent;
  const rows = kept.map(({ href, word, icon }, n) => {
    const copy = /** @type {HTMLAnchorElement} */ (row.cloneNode(true));
    copy.id = `recent-${n}`;
    copy.setAttribute("href", href);
    copy.querySelector("use").setAttribute("href", icon);
    copy.querySelector(".grow").textContent = word;
    return copy;
  });
  group.replaceChildren(group.firstElementChild, ...rows);
  found.prepend(group);
}

/** @param {string} text what stands in the box at first */
function open(text = "") {
  if (palette.open) return;
  ask.value = text;
  palette.showModal();
  ask.focus();
  htmx.ajax("GET", `/panel/palette?q=${encodeURIComponent(text)}`, { target: found, swap: "innerHTML" });
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== found) return;
  showRecent();
  choose(options()[0]);
});
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (palette.open) palette.close();
    else open();
  }
});
document.addEventListener("palette", () => open());
document.getElementById("seek")?.addEventListener("click", (event) => open(event.target.value));
palette.addEventListener("keydown", (event) => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by) {
    event.preventDefault();
    step(by);
  }
});
palette.querySelector("form").addEventListener("submit", (event) => {
  const chosen = options().find((each) => each.ariaSelected === "true");
  if (!chosen) return;
  event.preventDefault();
  chosen.click();
});
found.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) remember(option);
});
found.addEventListener("pointermove", (event) => {
  const option = event.target.closest("[role=option]");
  if (option && option.ariaSelected !== "true") choose(option);
});

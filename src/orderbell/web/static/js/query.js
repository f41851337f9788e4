/** The query box: completes filters and their values while somebody types. The server words the offers and filters. */

const MOST_SHOWN = 9;
const box = /** @type {HTMLInputElement | null} */ (document.getElementById("q"));
const list = document.getElementById("q-offers");
/** @type {HTMLElement | null} the offer the arrow keys stand on */
let chosen = null;

/** @returns {{at: number, text: string}} the piece before the caret, and where it begins */
function piece() {
  const before = box.value.slice(0, box.selectionStart ?? box.value.length);
  const text = /(?:[^\s"]|"[^"]*"?)*$/.exec(before)[0];
  return { at: before.length - text.length, text: text.replace("：", ":").toLowerCase() };
}

/** @param {HTMLElement} offer @param {string} text @returns {boolean} whether it may be meant */
function fits(offer, text) {
  const whole = offer.dataset.text;
  const [key, value] = whole.split(":");
  if (!text.includes(":")) {
    if (!text) return !value;
    return whole.startsWith(text) ? !value : text.length > 1 && (value.startsWith(text) || says(offer, text));
  }
  const [typedKey, typed] = text.split(":");
  return value !== "" && key === typedKey && value !== typed && (value.startsWith(typed) || says(offer, typed));
}

/** @param {HTMLElement} offer @param {string} text */
function says(offer, text) {
  return offer.lastElementChild.textContent.toLowerCase().includes(text);
}

/** @param {HTMLElement | null} offer */
function choose(offer) {
  chosen?.setAttribute("aria-selected", "false");
  chosen = offer;
  chosen?.setAttribute("aria-selected", "true");
  chosen?.scrollIntoView({ block: "nearest" });
  if (chosen) box.setAttribute("aria-activedescendant", chosen.id);
  else box.removeAttribute("aria-activedescendant");
}

/** @param {boolean} open */
function show(open) {
  const { text } = piece();
  let shown = 0;
  for (const offer of list.children) {
    offer.hidden = !open || shown >= MOST_SHOWN || !fits(offer, text);
    if (!offer.hidden) shown += 1;
  }
  list.hidden = shown === 0;
  box.setAttribute("aria-expanded", String(shown > 0));
  choose(null);
}

/** @param {number} by */
function move(by) {
  if (list.hidden) show(true);
  const open = [...list.children].filter((offer) => !offer.hidden);
  if (open.length) choose(open[(open.indexOf(chosen) + by + (chosen ? 0 : by < 0 ? 1 : 0) + open.length) % open.length]);
}

/** @param {HTMLElement} offer */
function take(offer) {
  const { at } = piece();
  const unfinished = offer.dataset.text.endsWith(":");
  box.setRangeText(offer.dataset.text + (unfinished ? "" : " "), at, box.selectionStart, "end");
  box.dispatchEvent(new Event("input", { bubbles: true }));
  show(unfinished);
  box.focus();
}

if (box && list) {
  box.addEventListener("input", () => show(piece().text !== ""));
  box.addEventListener("blur", () => show(false));
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event.key === "ArrowDown" ? 1 : -1);
    else if ((event.key === "Enter" || event.key === "Tab") && chosen) take(chosen);
    else if (event.key === "Escape" && !list.hidden) show(false);
    else {
      if (event.key === "Enter") show(false);
      return;
    }
    event.preventDefault();
  });
  list.addEventListener("mousedown", (event) => {
    const offer = event.target.closest("[role=option]");
    if (!offer) return;
    event.preventDefault();
    take(offer);
  });
}

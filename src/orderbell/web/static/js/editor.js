/** The template editor: variables by a touch or by `{`, marks while typing, fixes, saving by the keyboard. */

const form = /** @type {HTMLFormElement} */ (document.getElementById("editor"));
const pick = document.getElementById("pick");
const told = document.getElementById("pick-told");
const WORD = /\{([\p{L}\p{N}_]{1,40})\}/gu;
const STARTED = /\{([\p{L}\p{N}_]{0,40})$/u;

/** @returns {HTMLButtonElement[]} the palette's buttons: each knows its word, its other names and its sample */
const variables = () => [...document.querySelectorAll("[data-insert]")];
/** @type {HTMLTextAreaElement | HTMLInputElement} where a touched variable goes */
let place = form.querySelector("textarea[name], .part input[name]");

const known = () => new Set(variables().flatMap((each) => each.dataset.words.toLowerCase().split(" ")));

/** Writes over a range so that the browser's own undo knows it. */
function write(field, from, to, text) {
  field.focus();
  field.setSelectionRange(from, to);
  if (!document.execCommand("insertText", false, text)) {
    field.setRangeText(text, from, to, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

// --- Marks: a layer under the text holds the same letters, so that it can colour what the field itself cannot.
function paint(field) {
  const ghost = field.previousElementSibling;
  const words = known();
  const pieces = [];
  let at = 0;
  for (const match of field.value.matchAll(WORD)) {
    const mark = document.createElement(words.has(match[1].toLowerCase()) ? "b" : "u");
    mark.textContent = match[0];
    pieces.push(field.value.slice(at, match.index), mark);
    at = match.index + match[0].length;
  }
  ghost.replaceChildren(...pieces, `${field.value.slice(at)}\n`);
  ghost.classList.toggle("line", field.tagName === "INPUT");
  follow(field);
}

function follow(field) {
  const ghost = field.previousElementSibling;
  ghost.scrollTop = field.scrollTop;
  ghost.scrollLeft = field.scrollLeft;
}

const fields = [...form.querySelectorAll(".paper-over > .input")];
for (const field of fields) {
  paint(field);
  field.addEventListener("scroll", () => follow(field));
  field.addEventListener("focus", () => (place = field));
  field.addEventListener("blur", close);
  field.addEventListener("input", () => {
    paint(field);
    offer(field);
  });
  field.addEventListener("keydown", (event) => steer(event, field));
}

// --- The list that `{` opens.
let chosen = 0;

function offer(field) {
  const before = field.value.slice(0, field.selectionStart);
  const started = before.match(STARTED);
  if (!started || field.readOnly) return close();
  const wanted = started[1].toLowerCase();
  const fits = variables().filter((each) => each.dataset.words.toLowerCase().split(" ").some((word) => word.includes(wanted)));
  pick.replaceChildren(...fits.map((each, n) => option(each, n, field)));
  if (fits.length === 0) return close();
  pick.hidden = false;
  told.textContent = fits.length === 1 ? told.dataset.one : told.dataset.many.replace("{n}", String(fits.length));
  field.setAttribute("aria-controls", "pick");
  stand(field, started.index);
  choose(0, field);
}

function option(variable, n, field) {
  const line = document.createElement("div");
  line.id = `pick-${n}`;
  line.role = "option";
  line.dataset.word = variable.dataset.insert;
  line.append(...[...variable.children].map((each) => each.cloneNode(true)));
  line.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    take(field, line);
  });
  return line;
}

/** Puts the list under the brace, where the ghost says it stands. */
function stand(field, at) {
  const ghost = field.previousElementSibling;
  const seek = document.createTreeWalker(ghost, NodeFilter.SHOW_TEXT);
  let rest = at;
  for (let node = seek.nextNode(); node; node = seek.nextNode()) {
    if (rest <= node.length) {
      const range = document.createRange();
      range.setStart(node, rest);
      range.collapse(true);
      const box = range.getBoundingClientRect();
      const widest = innerWidth - pick.offsetWidth - 12;
      pick.style.insetInlineStart = `${Math.max(12, Math.min(box.left, widest)) + scrollX}px`;
      pick.style.insetBlockStart = `${Math.min(box.bottom, field.getBoundingClientRect().bottom) + scrollY + 6}px`;
      return;
    }
    rest -= node.length;
  }
}

function choose(n, field) {
  chosen = (n + pick.children.length) % pick.children.length;
  for (const [place, each] of [...pick.children].entries()) each.setAttribute("aria-selected", String(place === chosen));
  pick.children[chosen].scrollIntoView({ block: "nearest" });
  field.setAttribute("aria-activedescendant", `pick-${chosen}`);
}

function take(field, line) {
  const at = field.selectionStart;
  const started = field.value.slice(0, at).match(STARTED);
  // A brace that was closed already is not written twice.
  const end = field.value[at] === "}" ? at + 1 : at;
  if (started) write(field, started.index, end, `{${line.dataset.word}}`);
  close();
}

function close() {
  if (pick.hidden) return;
  pick.hidden = true;
  told.textContent = "";
  for (const field of fields) field.removeAttribute("aria-activedescendant");
}

function steer(event, field) {
  if (pick.hidden || event.isComposing) return;
  const moves = { ArrowDown: () => choose(chosen + 1, field), ArrowUp: () => choose(chosen - 1, field),
    Enter: () => take(field, pick.children[chosen]), Tab: () => take(field, pick.children[chosen]), Escape: close };
  const move = moves[event.key];
  if (!move) return;
  event.preventDefault();
  move();
}

// --- Touches: a variable, a fix, whose draft is kept.
document.addEventListener("click", (event) => {
  const { insert, fix, takeRev, takeBase } = event.target.closest("button")?.dataset ?? {};
  if (insert && place) write(place, place.selectionStart, place.selectionEnd, `{${insert}}`);
  if (fix) mend(event.target.closest("button").dataset);
  if (takeRev) form.elements.rev.value = takeRev;
  if (takeBase !== undefined) form.elements.base.value = takeBase;
  if (takeRev || takeBase !== undefined) fields[0].dispatchEvent(new Event("input", { bubbles: true }));
});

function mend({ fix, at, wrong, right }) {
  const field = /** @type {HTMLTextAreaElement} */ (document.getElementById(`p-${fix}`));
  // The text may have moved since the mark was drawn.
  const from = field.value.startsWith(wrong, Number(at)) ? Number(at) : field.value.indexOf(wrong);
  if (from >= 0) write(field, from, from + wrong.length, right);
}

// --- Ctrl+S keeps at once; the answer's marks say which fields are wrong, and the palette may be another one.
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key !== "s") return;
  event.preventDefault();
  form.dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener("htmx:afterSettle", () => {
  for (const field of fields) {
    const wrong = document.querySelector(`#m-${field.id.slice(2)} svg`);
    if (wrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
});
if (matchMedia("(max-width: 860px)").matches) document.getElementById("variables-fold").open = false;

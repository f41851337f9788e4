/** What the order page does better with a script: copying keys, and looking by itself whether there is news. */

const TOAST_MS = 1800;
const ASK_EVERY_MS = 4000;
const ASK_AT_MOST = 90;

/** @param {string} words */
function say(words) {
  const toast = document.querySelector("[data-toast]");
  toast.textContent = words;
  setTimeout(() => { toast.textContent = ""; }, TOAST_MS);
}

/** @param {Element[]} shown elements whose text is to be copied, one a line
 *  @param {string} words what to say afterwards */
async function copy(shown, words) {
  try {
    await navigator.clipboard.writeText(shown.map((each) => each.textContent).join("\n"));
    say(words);
  } catch {
    // The browser refuses its clipboard: at least select the text, so that the reader's own copy command takes it.
    getSelection().selectAllChildren(shown[0]);
  }
}

// Without a clipboard (plain http) the buttons stay hidden; a tap on a key selects it whole.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy], [data-copy-all]")) button.hidden = false;
}
document.addEventListener("click", (event) => {
  const one = event.target.closest("[data-copy]");
  const all = event.target.closest("[data-copy-all]");
  if (one) copy([document.getElementById(one.dataset.copy)], one.dataset.done);
  if (all) copy([...document.querySelectorAll(".key code")], all.dataset.copyAll);
});

let asked = 0;
const waits = document.body.dataset.waits;
const asking = waits && setInterval(async () => {
  if (document.hidden) return;
  if (++asked > ASK_AT_MOST) return clearInterval(asking);
  const answer = await fetch("/o/state.json").catch(() => null);
  if (answer?.ok && (await answer.json()).mark !== waits) location.replace("/o");
}, ASK_EVERY_MS);

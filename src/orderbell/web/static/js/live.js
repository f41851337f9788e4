/** The live list: waits while somebody points at it, never grows past its cap, shows each message once. */

const MOST_ROWS = 40;
const feed = document.getElementById("feed");
const state = document.getElementById("live-state");
/** @type {string[]} what came while the list was held */
let waiting = [];

function tidy() {
  const seen = new Set();
  for (const row of [...feed.children]) {
    if (seen.has(row.id) || seen.size >= MOST_ROWS) row.remove();
    else seen.add(row.id);
  }
}

/** @param {"live" | "lost" | "held"} word which of the words the server gave is shown */
function say(word) {
  if (!state) return;
  state.dataset.state = word;
  state.className = `pill ${word === "live" ? "good" : "warn"}`;
  state.querySelector("span:last-child").textContent = state.dataset[word];
}

function held() {
  return feed.matches(":hover") || feed.contains(document.activeElement);
}

function letGo() {
  if (held()) return;
  for (const rows of waiting) htmx.swap(feed, rows, { swapStyle: "afterbegin", swapDelay: 0, settleDelay: 0 });
  if (waiting.length) say("live");
  waiting = [];
  tidy();
}

if (feed) {
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (!held()) return;
    event.preventDefault();
    waiting = [...waiting, event.detail.data].slice(-MOST_ROWS);
    say("held");
  });
  document.addEventListener("htmx:sseMessage", () => {
    feed.parentElement.querySelector(".feed-empty")?.remove();
    tidy();
  });
  document.addEventListener("htmx:sseOpen", () => say("live"));
  document.addEventListener("htmx:sseError", () => say("lost"));
  feed.addEventListener("mouseleave", letGo);
  feed.addEventListener("focusout", () => setTimeout(letGo));
}

/** The demo storefront, alive: deeds without leaving the page, and what everybody is told as it happens. */

const watch = document.querySelector("[data-live]");
const toast = document.querySelector("[data-toast]");

/** @param {Element} list @param {Element} drawn the same list, newer */
function merge(list, drawn) {
  for (const row of [...drawn.children].reverse()) {
    const known = document.getElementById(row.id);
    if (!known) list.prepend(row);
    else if (known.dataset.state !== row.dataset.state) known.replaceWith(row);
  }
}

/** @param {string} html till and messages, drawn by the server */
function take(html) {
  const drawn = new DOMParser().parseFromString(html, "text/html");
  const till = document.getElementById("till");
  const focused = till.contains(document.activeElement);
  till.replaceChildren(...drawn.getElementById("till").childNodes);
  if (focused) till.querySelector("button, a")?.focus();
  for (const list of document.querySelectorAll("[data-feed]")) merge(list, drawn.getElementById(list.id));
  const bell = drawn.querySelector("order-inbox");
  const spot = document.querySelector(".phone header");
  // The bell that is there already has its own line to the house.
  if (bell && !spot.querySelector("order-inbox")) spot.append(document.importNode(bell, true));
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-deed]")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form));
  const button = form.querySelector("button");
  button.setAttribute("aria-busy", "true");
  const answer = await fetch(form.action, { method: "POST", body }).catch(() => undefined);
  button.removeAttribute("aria-busy");
  toast.textContent = answer?.ok ? "" : watch.dataset.failed;
});

if (watch?.dataset.live) {
  const live = new EventSource(watch.dataset.live);
  live.addEventListener("parts", (event) => take(JSON.parse(event.data)));
}

/** A short word at the foot of the page that goes by itself; screen readers hear it too. */

const STAYS_MS = 4000;

/** @param {string} text what to say; the server words it, in the reader's language */
export function toast(text) {
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

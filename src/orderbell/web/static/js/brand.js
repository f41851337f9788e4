/** The brand page: the colour field and its swatch say the same, a suggestion fills it, the mail is seen in the dark. */

/** @param {string | undefined} id @param {string} value puts it into a field as if it had been typed */
function fill(id, value) {
  const field = /** @type {HTMLInputElement | null} */ (document.getElementById(id ?? ""));
  if (!field) return;
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("input", (event) => {
  const from = event.target;
  if (from.dataset.swatch) fill(from.dataset.swatch, from.value);
  else if (from.id === "f-accent" && /^#[0-9a-f]{6}$/i.test(from.value)) {
    document.querySelector("[data-swatch]").value = from.value;
  }
});

let paper = "light";

/** Shows the mail in the chosen light; asked again when a fresh preview has come. */
function light() {
  document.getElementById("brand-mail")?.classList.toggle("dark", paper === "dark");
  for (const each of document.querySelectorAll("[data-paper]")) {
    each.setAttribute("aria-pressed", String(each.dataset.paper === paper));
  }
}

document.addEventListener("click", (event) => {
  const suggestion = event.target.closest("[data-fill]");
  if (suggestion) fill(suggestion.dataset.fill, suggestion.dataset.value);
  const chosen = event.target.closest("[data-paper]");
  if (chosen) {
    paper = chosen.dataset.paper;
    light();
  }
});
document.addEventListener("htmx:afterSettle", light);

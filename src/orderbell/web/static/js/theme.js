/** Light or dark: kept in a cookie, so that the server paints the first frame right. */

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

/** The drawer: opens when something was swapped into it, closes by Esc, button or backdrop, gives the focus back. */

const drawer = /** @type {HTMLDialogElement | null} */ (document.getElementById("drawer"));
/** @type {string | null} the address of the link that opened it: the link itself may have been redrawn meanwhile */
let opener = null;

function giveFocusBack() {
  const links = opener ? document.querySelectorAll("a[href]") : [];
  for (const link of links) {
    if (link.getAttribute("href") === opener) return link.focus();
  }
}

if (drawer) {
  document.addEventListener("htmx:beforeRequest", (event) => {
    const from = event.detail.elt;
    if (event.detail.target === drawer && !drawer.open) opener = from.getAttribute("href");
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== drawer) return;
    if (!drawer.open) drawer.showModal();
    drawer.scrollTop = 0;
  });
  drawer.addEventListener("click", (event) => {
    if (event.target === drawer || event.target.closest("[data-close]")) drawer.close();
  });
  drawer.addEventListener("close", () => {
    drawer.replaceChildren();
    giveFocusBack();
  });
}

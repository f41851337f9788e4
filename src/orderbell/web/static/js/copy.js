/** `<button data-copy="text">` or `data-copy-of="id"`: into the clipboard, then say so. */

import { toast } from "./toast.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-of]");
  if (!button) return;
  const text = button.dataset.copy ?? document.getElementById(button.dataset.copyOf)?.textContent?.trim() ?? "";
  try {
    await navigator.clipboard.writeText(text);
    toast(button.dataset.done ?? "");
  } catch {
    // No clipboard over plain http on another machine: select the text, so that Ctrl+C takes it.
    const shown = document.getElementById(button.dataset.copyOf ?? "");
    if (shown) getSelection()?.selectAllChildren(shown);
  }
});

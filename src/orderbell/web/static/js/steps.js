/** `<form data-steps="id">`: posts, and shows the server's answer in that place piece by piece, as it comes. */

/** @param {HTMLFormElement} form @param {HTMLElement} place */
async function follow(form, place) {
  const button = form.querySelector("button[type=submit], button:not([type])");
  button?.setAttribute("aria-busy", "true");
  place.replaceChildren();
  try {
    const files = form.enctype === "multipart/form-data";
    const body = files ? new FormData(form) : new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
    await pour(answer.body.pipeThrough(new TextDecoderStream()).getReader(), place);
  } catch {
    document.dispatchEvent(new CustomEvent("toast", { detail: { value: document.body.dataset.failed } }));
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

/** Each line is a finished piece of HTML of our own; a piece with the id of an earlier one takes its place. */
async function pour(reader, place) {
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = done ? "" : lines.pop();
    for (const line of lines) add(line, place);
    if (done) return;
  }
}

function add(line, place) {
  if (!line.trim()) return;
  const mould = document.createElement("template");
  mould.innerHTML = line;
  for (const piece of [...mould.content.children]) {
    const earlier = piece.id && place.querySelector(`#${CSS.escape(piece.id)}`);
    if (earlier) earlier.replaceWith(piece);
    else place.append(piece);
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-steps]");
  const place = form && document.getElementById(form.dataset.steps);
  if (!place) return;
  event.preventDefault();
  follow(form, place);
});

/** The form for a new key: a purpose in words ticks what it needs. */

document.getElementById("f-purpose")?.addEventListener("change", (event) => {
  const wanted = event.target.value.split(" ");
  if (!event.target.value) return;
  for (const box of document.querySelectorAll("#scopes input")) box.checked = wanted.includes(box.value);
});

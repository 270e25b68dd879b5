// Makes the upload form pleasant: drag and drop, the chosen files by name, one click counts once.
// Without it the form works as any form does.

const form = document.querySelector("[data-upload]");
if (form) enhance(form);

function enhance(form) {
  const drop = form.querySelector("[data-drop]");
  const input = form.querySelector("input[type=file]");
  const button = form.querySelector("button[type=submit]");
  drop.classList.add("drop--live");
  drop.querySelector(".drop__drag").hidden = false;

  for (const name of ["dragenter", "dragover"])
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("drop--over"); });
  for (const name of ["dragleave", "drop"])
    drop.addEventListener(name, () => drop.classList.remove("drop--over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    show(form, input);
  });
  input.addEventListener("change", () => show(form, input));
  form.addEventListener("submit", (event) => {
    if (button.getAttribute("aria-disabled") === "true" || !show(form, input)) {
      event.preventDefault();
      return;
    }
    button.setAttribute("aria-disabled", "true");
    button.textContent = "Handing in…";
  });
  // A page that comes back from the browser's memory can be used again.
  addEventListener("pageshow", () => { button.removeAttribute("aria-disabled"); button.textContent = "Hand in"; });
  show(form, input);
}

// Lists what is chosen; false, with a sentence, where the service would refuse it.
function show(form, input) {
  const files = [...input.files];
  form.querySelector("[data-chosen]").replaceChildren(...files.map(line));
  const fault = complaint(files, input, Number(form.dataset.maxBytes));
  form.querySelector("[data-fault]").textContent = fault;
  return !fault;
}

function line(file) {
  const item = document.createElement("li");
  const size = document.createElement("span");
  size.className = "muted small";
  size.textContent = words(file.size);
  item.append(file.name, size);
  return item;
}

function complaint(files, input, most) {
  const suffixes = input.accept.split(",").filter(Boolean);
  const odd = files.find((file) => !suffixes.some((suffix) => file.name.toLowerCase().endsWith(suffix)));
  if (odd) return `“${odd.name}” is not accepted: choose ${suffixes.join(", ")}.`;
  if (files.length > 1 && !input.multiple) return "Choose one file, or put them into one .zip.";
  const total = files.reduce((sum, file) => sum + file.size, 0);
  return total > most ? `That is ${words(total)}; at most ${words(most)} are accepted.` : "";
}

function words(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

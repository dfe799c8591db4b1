"use strict";
// Copies what a button carries: as JSON, since HTML cannot carry every character as it is.
const said = document.getElementById("said");

function tell(button, text) {
  said.textContent = `${button.dataset.label}: ${text}`;
}

// If the browser forbids the clipboard, the value is selected beside its button.
function select(button, value) {
  const box = document.createElement("input");
  box.readOnly = true;
  box.value = value;
  box.setAttribute("aria-label", button.dataset.label);
  box.addEventListener("blur", () => box.remove());
  button.after(box);
  box.focus();
  box.select();
  tell(button, "selected; copy it with Ctrl+C");
}

async function copy(button) {
  const value = JSON.parse(button.dataset.value);
  try {
    await navigator.clipboard.writeText(value);
    document.querySelectorAll("button.copied").forEach((other) => other.classList.remove("copied"));
    button.classList.add("copied");
    tell(button, "copied");
  } catch {
    select(button, value);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-value]");
  if (button) copy(button);
});

// What is ticked off stays so when the page is loaded again, by label: no value is ever stored.
// The box of a secret has no data-field, since a page cannot know whether the secret has changed.
function keepProgress(section) {
  const key = `maps-provisioner worksheet ${section.dataset.digest}`;
  const boxes = [...section.querySelectorAll("input[data-field]")];
  const ticked = read(key);
  for (const box of boxes) box.checked = ticked.includes(box.dataset.field);
  section.addEventListener("change", () => {
    const labels = boxes.filter((box) => box.checked).map((box) => box.dataset.field);
    try {
      localStorage.setItem(key, JSON.stringify(labels));
    } catch {
      said.textContent = "This browser does not keep ticks when the page is loaded again.";
    }
  });
}

function read(key) {
  try {
    const stored = JSON.parse(localStorage.getItem(key));
    return Array.isArray(stored) ? stored : [];
  } catch {
    return [];
  }
}

document.querySelectorAll("section[data-digest]").forEach(keepProgress);
document.documentElement.classList.add("scripted");

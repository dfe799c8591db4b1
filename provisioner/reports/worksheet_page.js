"use strict";
// Copies what a button carries: as JSON, since HTML cannot carry every character as it is.
const said = document.getElementById("said");

function tell(button, text) {
  said.textContent = `${button.dataset.label}: ${text}`;
}

// Where the browser forbids the clipboard, the value stands selected beside its button.
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
document.documentElement.classList.add("scripted");

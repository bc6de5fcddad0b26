// Short words at the bottom with Undo; what went wrong stays until somebody has read it.
import { command } from "./keys.js";
import { say, words } from "./net.js";

const MOST = 3;
const undos = [];
const make = (tag, set) => Object.assign(document.createElement(tag), set);

function leave(box) {
  const at = undos.findIndex((undo) => undo.box === box);
  if (at >= 0) undos.splice(at, 1);
  box.remove();
}

export function toast(text, { undo, seconds = undo ? 10 : 5 } = {}) {
  if (!text) return;
  const box = make("div", { className: "toast" });
  box.append(make("span", { textContent: text }));
  if (undo) {
    const run = () => { leave(box); undo(); };
    const button = make("button", { type: "button", textContent: `${words.undo} ` });
    button.append(make("kbd", { textContent: "z" }));
    button.addEventListener("click", run);
    box.append(button);
    undos.push({ box, run });
  }
  const stack = document.getElementById("toasts");
  stack.append(box);
  if (stack.childElementCount > MOST) leave(stack.querySelector(".toast:not([role=alert])"));
  let timer;
  const count = () => { timer = setTimeout(() => leave(box), seconds * 1000); };
  count();
  for (const stop of ["pointerenter", "focusin"]) box.addEventListener(stop, () => clearTimeout(timer));
  for (const go of ["pointerleave", "focusout"]) box.addEventListener(go, () => { clearTimeout(timer); count(); });
}

export function trouble(text) {
  const box = make("div", { className: "toast" });
  const button = make("button", { type: "button", textContent: "OK" });
  box.setAttribute("role", "alert");
  box.append(make("span", { textContent: text || say("failed") }), button);
  button.addEventListener("click", () => box.remove());
  document.getElementById("toasts").append(box);
}

command("undo", { keys: ["z"], when: () => undos.length > 0, run: () => undos.at(-1).run() });

// One table of commands: keys and buttons (data-command) run the same ones.
const commands = new Map();
const byKey = new Map();
const SEQUENCE_MS = 1000;
let pending = "";
let timer;

export function command(id, { keys = [], when = () => true, run }) {
  commands.set(id, { when, run });
  for (const key of keys) byKey.set(key, id);
}

function execute(id, event) {
  const found = commands.get(id);
  if (!found?.when(event)) return false;
  found.run(event);
  return true;
}

const typing = (node) => !!node?.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]");
export const composing = (event) => event.isComposing || event.keyCode === 229;
const singleKeys = () => document.body.dataset.singleKeys !== "off";

// What the layout typed, not where the key lies; on a layout without Latin letters, the letter of the place.
function name(event) {
  const altGraph = event.getModifierState?.("AltGraph");
  if (!altGraph && (event.altKey || event.ctrlKey || event.metaKey)) return "";
  if (event.key.length > 1) return event.key.toLowerCase();
  const place = /^Key([A-Z])$/.exec(event.code ?? "")?.[1].toLowerCase();
  return event.key.charCodeAt(0) > 0x24f && place ? place : event.key;
}

function press(event) {
  if (event.defaultPrevented || composing(event)) return;
  const key = name(event);
  if (!key || (typing(event.target) && key !== "escape")) return;
  if (key.length === 1 && !singleKeys()) return;
  if (document.querySelector("dialog[open]")) return;
  const combination = pending ? `${pending} ${key}` : key;
  clearTimeout(timer);
  pending = "";
  const id = byKey.get(combination) ?? byKey.get(key);
  if (id && execute(id, event)) return event.preventDefault();
  if ([...byKey.keys()].some((known) => known.startsWith(`${key} `))) {
    pending = key;
    timer = setTimeout(() => { pending = ""; }, SEQUENCE_MS);
  }
}

export function listen() {
  document.addEventListener("keydown", press);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-command]");
    if (button && !event.ctrlKey && !event.metaKey && execute(button.dataset.command, event)) event.preventDefault();
  });
  document.addEventListener("click", (event) => { if (event.target.matches("dialog")) event.target.close(); });
}

command("help", { keys: ["?"], run: () => document.getElementById("keys").showModal() });
command("leave", {
  keys: ["escape"],
  when: (event) => typing(event?.target),
  run(event) {
    event.target.blur();
    (document.getElementById("thread") ?? document.getElementById("list") ?? document.body).focus({ preventScroll: true });
  },
});

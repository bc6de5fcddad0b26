// Colours and row height: shown at once, kept with the person on the server.
import { command } from "./keys.js";
import { announce, form, post, say } from "./net.js";

const root = document.documentElement;
const THEMES = ["system", "light", "dark"];
const keep = (fields) => post(document.body.dataset.profile, form(fields));

command("theme", {
  run() {
    const next = THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length];
    root.dataset.theme = next;
    announce(say(`theme${next[0].toUpperCase()}${next.slice(1)}`));
    keep({ theme: next });
  },
});
command("density", {
  keys: ["d"],
  when: () => !!document.getElementById("rows"),
  run() {
    root.dataset.density = root.dataset.density === "compact" ? "cosy" : "compact";
    keep({ density: root.dataset.density });
  },
});

// The reader: opens a ticket beside the list, keeps it fresh, and fits the frames that hold mail.
import { command } from "./keys.js";
import { announce, part } from "./net.js";

const MOST_PX = 20000;
const article = () => document.querySelector(".conversation");
export const current = () => article()?.dataset.number;
export const version = () => Number(article()?.dataset.version ?? 0);

export function listAddress() {
  const { folder = "open", inbox = "" } = document.getElementById("rows")?.dataset ?? {};
  return `/?${new URLSearchParams(inbox ? { folder, inbox } : { folder })}`;
}

export async function open(address) {
  const { pathname, search } = new URL(address, location.href);
  const replace = location.pathname + location.search === pathname + search;
  await htmx.ajax("GET", pathname + search, { source: "#reader", target: "#reader", swap: "innerHTML", [replace ? "replace" : "push"]: pathname + search });
}

export const reload = () => open(location.pathname + location.search);

// After a swap: the title, the pane on a phone, and the last message in sight.
export function arrived() {
  const shown = article();
  document.body.classList.toggle("reading", !!shown || !!document.querySelector(".error-part"));
  if (!shown) return;
  document.title = shown.dataset.title;
  announce(shown.dataset.title);
  toLast();
}

function toLast() {
  const messages = document.querySelectorAll("#thread .message");
  const thread = document.getElementById("thread");
  if (messages.length > 1) thread.scrollTop = messages[messages.length - 1].offsetTop - thread.offsetTop - 8;
}

// Shows what is new without touching the reply box: the text somebody is writing stays.
export async function freshen() {
  const fresh = await part(location.pathname + location.search);
  const mine = article();
  const other = fresh?.querySelector(".conversation");
  if (!other || !mine || other.dataset.number !== mine.dataset.number) return false;
  for (const name of ["version", "state", "title"]) mine.dataset[name] = other.dataset[name];
  const more = other.querySelectorAll(".message").length > mine.querySelectorAll(".message").length;
  mine.querySelector(".ticket-head").replaceWith(document.importNode(other.querySelector(".ticket-head"), true));
  document.getElementById("thread").replaceChildren(...document.importNode(other.querySelector("#thread"), true).childNodes);
  for (const field of document.querySelectorAll("#reader [name=version]")) field.value = other.dataset.version;
  if (more) toLast();
  return true;
}

export function leave() {
  const reader = document.getElementById("reader");
  reader.replaceChildren(document.importNode(document.getElementById("nothing-open").content, true));
  document.body.classList.remove("reading");
  history.pushState({ htmx: true }, "", listAddress());
}

command("back", {
  keys: ["u"],
  when: () => !!document.querySelector("#reader :is(.conversation, .error-part)"),
  run() {
    const row = document.getElementById(`row-${current()}`);
    leave();
    (row?.querySelector(".open") ?? document.getElementById("list")).focus();
    document.dispatchEvent(new CustomEvent("desk:left"));
  },
});

// A frame of our own origin without scripts: we measure it, and hand its keys on.
class MailFrame extends HTMLElement {
  connectedCallback() {
    const frame = this.querySelector("iframe");
    frame.addEventListener("load", () => this.fit(frame));
    if (frame.contentDocument?.readyState === "complete" && frame.contentDocument.URL !== "about:blank") this.fit(frame);
  }

  fit(frame) {
    const inside = frame.contentDocument;
    if (!inside?.body) return;
    const size = () => { frame.style.height = `${Math.min(inside.documentElement.scrollHeight, MOST_PX)}px`; };
    const shrink = () => { frame.style.height = "0"; size(); };
    this.observer?.disconnect();
    this.observer = new ResizeObserver(() => size());
    this.observer.observe(inside.body);
    shrink();
    inside.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const copy = new KeyboardEvent("keydown", { key: event.key, code: event.code, shiftKey: event.shiftKey, bubbles: true, cancelable: true });
      if (!this.dispatchEvent(copy)) event.preventDefault();
    });
  }

  disconnectedCallback() { this.observer?.disconnect(); }
}
customElements.define("mail-frame", MailFrame);

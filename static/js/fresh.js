// Parts that keep themselves fresh, and details that are fetched when somebody opens them.
import { part } from "./net.js";

const EVERY_MS = 15000;

class DeskFresh extends HTMLElement {
  connectedCallback() { this.timer = setInterval(() => this.look(), EVERY_MS); }

  disconnectedCallback() { clearInterval(this.timer); }

  // Nothing moves under a hand: while somebody is inside, points at it or reads an opened detail, it stays.
  get busy() { return document.hidden || this.matches(":hover, :focus-within") || !!this.querySelector("details[open]"); }

  async look() {
    if (this.busy) return;
    const fresh = await part(this.dataset.src);
    if (fresh && !this.busy) this.replaceChildren(...document.importNode(fresh.body, true).childNodes);
  }
}
customElements.define("desk-fresh", DeskFresh);

async function unfold({ target }) {
  if (!target.open || !target.dataset?.src) return;
  const fresh = await part(target.dataset.src);
  if (!fresh) return;
  delete target.dataset.src;
  target.querySelector("summary").nextElementSibling.replaceChildren(...document.importNode(fresh.body, true).childNodes);
}

document.addEventListener("toggle", unfold, true);

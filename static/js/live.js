// One tab of a browser holds the stream of signals and tells the others; signals carry numbers, never words.
import { answered, part, say } from "./net.js";
import { current, freshen, version } from "./reader.js";
import { refresh, resync, rowOf } from "./list.js";
import { acted } from "./acts.js";
import { box } from "./reply.js";

const AT_LEAST_MS = 2000;
const EVERY_MS = 15000;
const asked = new Set();
let timer;
let last = 0;
let stale = false;

function light(state) {
  const lamp = document.getElementById("light");
  lamp.dataset.state = state;
  lamp.firstElementChild.textContent = say(state === "on" ? "liveOn" : "liveOff");
  document.getElementById("offline").hidden = state !== "off";
}

// Many desks hear the same signal: each waits a random while, then asks once for all that changed.
function later() {
  if (document.hidden) { stale = true; return; }
  clearTimeout(timer);
  timer = setTimeout(fetchNow, Math.max(150 + Math.random() * 850, last + AT_LEAST_MS - Date.now()));
}

function fetchNow() {
  last = Date.now();
  const numbers = [...asked].slice(0, 50);
  for (const number of numbers) asked.delete(number);
  refresh(numbers);
  if (asked.size) later();
}

// A mail that has left, or was refused, changes no version: its ticket is read again while one waits there.
const waits = () => document.querySelector("#thread [data-waits]");

async function ticketChanged({ number, version: now }) {
  await answered();
  const key = String(number);
  if (key === current() && now === version() && waits()) freshen();
  if ((acted.get(key) ?? 0) >= now) return;
  if (key === current() && now > version()) (box() ? box().changedElsewhere() : freshen());
  if (Number(rowOf(key)?.dataset.version ?? 0) >= now) return;
  asked.add(key);
  later();
}

function heard(signal) {
  if (signal.event === "ticket") ticketChanged(signal);
  else if (signal.event === "resync") resync();
  else if (signal.event === "state") light(signal.state);
}

let open;
function stream(share, lost = false) {
  open?.close();
  const source = new EventSource(document.body.dataset.live);
  open = source;
  source.onopen = () => {
    share({ event: "state", state: "on" });
    if (lost) share({ event: "resync" });
    lost = false;
  };
  source.onerror = () => {
    lost = true;
    share({ event: "state", state: "off" });
    if (source.readyState === EventSource.CLOSED) setTimeout(() => { if (open === source) stream(share, true); }, 10000 + Math.random() * 5000);
  };
  const read = (event) => share({ event: event.type, ...JSON.parse(event.data || "{}") });
  for (const name of ["message", "ticket", "resync"]) source.addEventListener(name, read);
}

export function start() {
  if (!document.getElementById("rows")) return void (document.getElementById("light").hidden = true);
  const bus = new BroadcastChannel("postern-live");
  bus.onmessage = ({ data }) => (data.event === "who" ? null : heard(data));
  const share = (signal) => { bus.postMessage(signal); heard(signal); };
  const lead = () => new Promise(() => {
    bus.onmessage = ({ data }) => { if (data.event === "who") bus.postMessage({ event: "state", state: document.getElementById("light").dataset.state }); };
    stream(share);
    addEventListener("online", () => stream(share, true)); // the old connection may hang without a word
  });
  if (navigator.locks) navigator.locks.request("postern-live", lead);
  else lead();
  bus.postMessage({ event: "who" });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && (stale || asked.size)) { stale = false; later(); } });
  addEventListener("offline", () => light("off"));
}

// Parts that keep themselves fresh, and details that are fetched when somebody opens them.
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

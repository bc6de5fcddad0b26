// The list: a cursor that moves real focus, rows merged by their number, never by their place.
import { command } from "./keys.js";
import { part, say } from "./net.js";
import { open, current, listAddress } from "./reader.js";

const QUIET_MS = 600;
const OPEN_AFTER_MS = 120;
const list = () => document.getElementById("rows");
export const rows = () => [...document.querySelectorAll("#rows .row:not([hidden])")];
export const rowOf = (number) => document.getElementById(`row-${number}`);
const link = (row) => row.querySelector(".open");
let cursor = null;
let opening;
let lastKey = 0;
let over = false;
export const gone = new Map(); // number -> version that left by an act of ours: an older answer does not bring it back
const waiting = new Map(); // number -> fresh row or null, held back while somebody works in the list

export const selected = () => rows().filter((row) => row.querySelector(".pick").checked).map((row) => row.dataset.number);
export const targets = () => {
  const picked = selected();
  return picked.length ? picked : [cursor ?? current()].filter(Boolean);
};

export function paint() {
  if (!list()) return;
  const all = rows();
  const now = current();
  const stop = all.some((row) => row.dataset.number === cursor) ? cursor : now && rowOf(now) ? now : all[0]?.dataset.number;
  for (const row of all) {
    const here = row.dataset.number;
    row.classList.toggle("cursor", here === cursor);
    row.toggleAttribute("data-current", here === now);
    link(row).tabIndex = row.querySelector(".pick").tabIndex = here === stop ? 0 : -1;
    if (here === now) link(row).setAttribute("aria-current", "true");
    else link(row).removeAttribute("aria-current");
  }
  const picked = selected().length;
  document.getElementById("bulk").hidden = !picked;
  document.getElementById("bulk-count").textContent = say("selected", picked);
  document.getElementById("list-empty").hidden = all.length > 0 || !!list().querySelector(".row");
}

export function setCursor(number) {
  cursor = number;
  paint();
}

export function openRow(row) {
  clearTimeout(opening);
  opening = undefined;
  setCursor(row.dataset.number);
  row.classList.remove("unread");
  return open(link(row).href);
}

// What follows the cursor waits for the ticket under it: a reply never lands in the ticket before.
export function settled() {
  const row = cursor && cursor !== current() && rowOf(cursor);
  return row ? openRow(row) : Promise.resolve();
}

function step(delta) {
  const all = rows();
  if (!all.length) return;
  const from = all.findIndex((row) => row.dataset.number === (cursor ?? current()));
  const row = all[Math.max(0, Math.min(from + delta, all.length - 1))] ?? all[0];
  setCursor(row.dataset.number);
  link(row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  clearTimeout(opening);
  if (current() && row.dataset.number !== current()) opening = setTimeout(() => openRow(row), OPEN_AFTER_MS);
}

// The ticket to go on to when these leave the list.
export function after(numbers) {
  const all = rows();
  const last = all.findLastIndex((row) => numbers.includes(row.dataset.number));
  const free = (row) => !numbers.includes(row.dataset.number);
  return all.slice(last + 1).find(free) ?? all.findLast(free);
}

// Merge. A row that stays keeps its node, so focus, selection, scroll and a click under way stay too.
function update(mine, fresh) {
  for (const name of ["data-version", "data-at", "data-state"]) mine.setAttribute(name, fresh.getAttribute(name));
  mine.classList.toggle("unread", fresh.classList.contains("unread"));
  link(mine).replaceChildren(...document.importNode(link(fresh), true).childNodes);
}

function insert(fresh) {
  const at = Number(fresh.dataset.at);
  const below = rows().find((row) => Number(row.dataset.at) <= at);
  const row = document.importNode(fresh, true);
  if (below) below.before(row);
  else if (list().querySelector(".more")) list().querySelector(".more").before(row);
  else list().append(row);
}

// Times only grow, so a row only ever moves up.
function place(number, fresh) {
  const mine = rowOf(number);
  if (!fresh) return mine?.remove();
  if (!mine) return insert(fresh);
  const all = rows();
  const to = all.findIndex((row) => row !== mine && Number(row.dataset.at) < Number(mine.dataset.at));
  if (to < 0 || to > all.indexOf(mine)) return undefined;
  const focused = mine.contains(document.activeElement) ? document.activeElement : null;
  all[to].before(mine);
  focused?.focus({ preventScroll: true });
  return undefined;
}

const busy = () => over || performance.now() - lastKey < QUIET_MS;

function merge(numbers, fresh) {
  const found = new Map([...fresh.querySelectorAll(".row")].map((row) => [row.dataset.number, row]));
  for (const number of numbers.map(String)) {
    const row = found.get(number) ?? null;
    if (row && gone.has(number) && Number(row.dataset.version) <= gone.get(number)) continue;
    gone.delete(number);
    const mine = rowOf(number);
    if (mine && row) update(mine, row);
    waiting.set(number, row);
  }
  if (busy()) hold();
  else apply();
}

function hold() {
  const button = document.getElementById("held");
  const fresh = [...waiting].filter(([number, row]) => row && !rowOf(number)).length;
  button.hidden = !fresh;
  button.textContent = say(fresh === 1 ? "newOne" : "newMany", fresh);
  setTimeout(() => { if (waiting.size && !busy()) apply(); }, QUIET_MS + 50);
}

function apply() {
  document.getElementById("held").hidden = true;
  for (const [number, row] of waiting) place(number, row);
  waiting.clear();
  paint();
}

export async function refresh(numbers) {
  if (!list() || !numbers.length) return;
  const { folder, inbox } = list().dataset;
  const query = new URLSearchParams({ numbers: numbers.join(","), folder, inbox });
  const fresh = await part(`${document.body.dataset.rows}?${query}`);
  if (fresh) merge(numbers, fresh);
}

// After a gap in the live updates: the first page anew, and what it no longer holds.
export async function resync() {
  const fresh = list() && await part(listAddress());
  if (!fresh) return;
  const got = [...fresh.querySelectorAll(".row")];
  const oldest = Math.min(...got.map((row) => Number(row.dataset.at)));
  const mine = rows().filter((row) => !got.length || Number(row.dataset.at) >= oldest).map((row) => row.dataset.number);
  merge([...new Set([...mine, ...got.map((row) => row.dataset.number)])], fresh);
}

function filter(text) {
  const wanted = text.trim().toLocaleLowerCase();
  for (const row of document.querySelectorAll("#rows .row")) row.hidden = !!wanted && !row.textContent.toLocaleLowerCase().includes(wanted);
  paint();
}

export function start() {
  if (!list()) return;
  cursor = current() ?? null;
  document.addEventListener("keydown", () => { lastKey = performance.now(); }, true);
  list().addEventListener("pointerenter", () => { over = true; });
  list().addEventListener("pointerleave", () => { over = false; if (waiting.size) hold(); });
  list().addEventListener("change", paint);
  list().addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (!row || !event.target.closest(".open") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openRow(row);
  });
  document.getElementById("held").addEventListener("click", apply);
  const box = document.querySelector("[data-filter]");
  box.addEventListener("input", (event) => filter(event.target.value));
  box.addEventListener("submit", (event) => { event.preventDefault(); if (rows()[0]) openRow(rows()[0]).then(() => link(rows()[0]).focus()); });
  paint();
}

const has = () => !!list();
const inList = (event) => has() && !!event.target.closest?.("#list"); // elsewhere the arrows scroll
command("next", { keys: ["j"], when: has, run: () => step(1) });
command("previous", { keys: ["k"], when: has, run: () => step(-1) });
command("down", { keys: ["arrowdown"], when: inList, run: () => step(1) });
command("up", { keys: ["arrowup"], when: inList, run: () => step(-1) });
const press = (event) => !!event.target.closest?.("a, button, summary, label, input");
command("open", { keys: ["o"], when: () => !!rowOf(cursor), run: () => openRow(rowOf(cursor)) });
command("enter", { keys: ["enter"], when: (event) => !press(event) && !!rowOf(cursor), run: () => openRow(rowOf(cursor)) });
command("select", { keys: ["x"], when: () => !!rowOf(cursor ?? current()), run() { const pick = rowOf(cursor ?? current()).querySelector(".pick"); pick.checked = !pick.checked; paint(); } });
command("deselect", { run() { for (const row of rows()) row.querySelector(".pick").checked = false; paint(); } });
command("find", { keys: ["/"], when: has, run: () => document.getElementById("find").focus() });
for (const [key, folder] of [["i", "mine"], ["u", "unassigned"], ["a", "open"], ["p", "pending"], ["c", "closed"]])
  command(`go-${folder}`, { keys: [`g ${key}`], when: () => !!document.querySelector(`#folders a[href*="folder=${folder}"]`), run: () => document.querySelector(`#folders a[href*="folder=${folder}"]`).click() });

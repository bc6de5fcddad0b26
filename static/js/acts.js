// What is done to tickets: close, pending, delete, assign, and their Undo.
import { command } from "./keys.js";
import { form, onceKey, post, say, toSignIn } from "./net.js";
import { current, leave, listAddress, open, reload, version } from "./reader.js";
import { after, gone, openRow, paint, refresh, rowOf, selected, setCursor, settled, targets } from "./list.js";
import { toast, trouble } from "./toast.js";

export const acted = new Map(); // number -> version that we made ourselves: no news to us
const LEAVING = { closed: ["mine", "unassigned", "open", "pending"], pending: ["mine", "unassigned", "open"], open: ["closed", "pending"], bin: ["mine", "unassigned", "open", "pending", "closed", "spam"], restored: ["bin"] };
const leaves = (to) => LEAVING[to]?.includes(document.getElementById("rows")?.dataset.folder);
const addressOf = (number) => rowOf(number)?.querySelector(".open").getAttribute("href") ?? `/t/${number}${listAddress().slice(1)}`;

// The rows go now and the next ticket opens; a refusal brings them back.
function advance(numbers) {
  const next = after(numbers);
  const left = numbers.map((number) => rowOf(number)).filter(Boolean).map((row) => ({ row, before: row.nextElementSibling }));
  const moved = numbers.includes(current());
  for (const { row } of left) {
    const number = row.dataset.number;
    gone.set(number, Math.max(Number(row.dataset.version), number === current() ? version() : 0, acted.get(number) ?? 0));
    row.remove();
  }
  if (next) setCursor(next.dataset.number);
  if (moved && next) { next.querySelector(".open").focus({ preventScroll: true }); openRow(next); }
  else if (moved) leave();
  paint();
  return () => {
    for (const { row, before } of left.reverse()) {
      gone.delete(row.dataset.number);
      document.getElementById("rows").insertBefore(row, before?.isConnected ? before : null);
    }
    paint();
  };
}

export function wentWell(number, answer, { text = "" } = {}) {
  const { said, undo, seconds } = answer.data;
  if (answer.data.version) acted.set(String(number), answer.data.version);
  toast(said, { seconds, undo: undo && (() => takeBack(number, undo, text)) });
}

async function takeBack(number, undo, text) {
  const answer = await post(undo.url, form({ ...undo.fields, once: onceKey() }));
  if (!answer.ok) return fail(answer);
  toast(answer.data.said);
  if (answer.data.version) acted.set(String(number), answer.data.version);
  gone.delete(String(number));
  await refresh([number]);
  setCursor(String(number));
  await open(addressOf(number));
  const kept = answer.data.text ?? text;
  if (kept) document.dispatchEvent(new CustomEvent("desk:text", { detail: kept }));
  return undefined;
}

function fail(answer) {
  if (answer.ended) return toSignIn();
  if (answer.status === 409) { trouble(say("stale")); return current() && reload(); }
  return trouble(answer.away ? say("noConnection") : answer.data.words);
}

async function change(number, url, fields, back) {
  const answer = await post(url, form({ ...fields, once: onceKey() }));
  if (answer.ok) wentWell(number, answer);
  else { back?.(); await fail(answer); }
  if (answer.ok && !back) await afterwards(number);
}

// Several at once: one toast, and one Undo for all that went well.
async function changeAll(jobs, back) {
  const answers = await Promise.all(jobs.map(([, url, fields]) => post(url, form({ ...fields, once: onceKey() }))));
  const done = jobs.map(([number], at) => ({ number, ...answers[at] })).filter((one) => one.ok);
  for (const { number, data } of done) if (data.version) acted.set(number, data.version);
  const undos = done.filter((one) => one.data.undo);
  const undo = undos.length ? async () => {
    await Promise.all(undos.map(({ data }) => post(data.undo.url, form({ ...data.undo.fields, once: onceKey() }))));
    for (const { number } of undos) gone.delete(number);
    await refresh(undos.map(({ number }) => number));
  } : undefined;
  toast(say("many", done.length), { undo });
  const failed = answers.find((answer) => !answer.ok);
  if (failed) { back?.(); await fail(failed); }
  if (failed || !back) await refresh(jobs.map(([number]) => number));
}

const versionOf = (number) => (number === current() ? document.querySelector(".conversation").dataset.version : rowOf(number)?.dataset.version);
const path = (number, verb) => new URL(`${addressOf(number).split("?")[0]}/${verb}`, location.href).pathname;

function many(numbers, verb, fields, to) {
  const jobs = numbers.map((number) => [number, path(number, verb), { ...fields, version: versionOf(number) }]);
  const back = leaves(to) ? advance(numbers) : null;
  return jobs.length > 1 ? changeAll(jobs, back) : change(...jobs[0], back);
}

async function afterwards(number) {
  if (String(number) === current()) await reload();
  await refresh([number]);
}

const TO = { close: "closed", pending: "pending", open: "open", delete: "bin", restore: "restored" };

async function submitted(event) {
  const target = event.target.closest?.("form[data-act]");
  if (!target) return;
  event.preventDefault();
  const number = current();
  const body = new FormData(target, event.submitter);
  target.closest("dialog")?.close();
  const back = leaves(TO[target.dataset.act]) ? advance([number]) : null;
  const answer = await post(target.action, body);
  if (answer.ok) wentWell(number, answer);
  else { back?.(); fail(answer); }
  if (!back && answer.ok) await afterwards(number);
  if (answer.data.text) document.dispatchEvent(new CustomEvent("desk:text", { detail: answer.data.text }));
}

// After "Send and close": as if it had been closed by its own button.
export const sentAndClosed = (number) => (leaves("closed") ? advance([String(number)]) : afterwards(number));

export function start() { document.addEventListener("submit", submitted); }

const button = (act) => document.querySelector(`form[data-act="${act}"] button`);
const ready = () => targets().length > 0;
function run(verb, act, fields, to) {
  const numbers = targets();
  if (!selected().length && numbers[0] === current()) return button(act)?.click();
  return many(numbers, verb, fields, to);
}
command("close", {
  keys: ["e"],
  when: ready,
  run: () => (button("open") && !selected().length && targets()[0] === current() ? button("open").click() : run("state", "close", { state: "closed" }, "closed")),
});
command("delete", { keys: ["#"], when: ready, run: () => run("delete", "delete", {}, "bin") });
command("assign", {
  keys: ["a"],
  when: ready,
  async run() { await settled(); document.getElementById("assign")?.showModal(); },
});
command("forward", {
  keys: ["f"],
  when: () => !!document.querySelector("#rows .row, .conversation"),
  async run() { await settled(); const link = document.querySelector(".conversation [data-command=forward]"); if (link) location.assign(link.href); },
});

// Requests to the desk: the form token, a session that has ended, answers in words.
const page = document.body.dataset;
export const words = document.getElementById("words")?.dataset ?? {};
export const say = (name, n) => (words[name] ?? "").replace("%n", n);
export const announce = (text) => { document.getElementById("announce").textContent = text; };

const meta = () => document.querySelector("meta[name=csrf-token]");
const signIn = () => page.signIn ?? "/login/";
export const leftTheDesk = (response) => response.status === 401 || (response.redirected && new URL(response.url).pathname.startsWith(signIn()));

// A key that makes one act count once, however often it is posted.
export function onceKey() {
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5");
}

export function form(fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value ?? "");
  return body;
}

async function readable(response) {
  const text = await response.text();
  const html = !(response.headers.get("Content-Type") ?? "").includes("json");
  if (!html) try { return { data: JSON.parse(text || "{}"), html: "" }; } catch { return { data: {}, html: "" }; }
  const part = new DOMParser().parseFromString(text, "text/html");
  return { html: text, data: { words: part.querySelector("[data-words]")?.textContent.trim(), error: part.querySelector("[data-error]")?.dataset.error } };
}

// Signing in elsewhere changes the form token; a fresh one stands in any page of the desk.
async function freshToken() {
  const response = await fetch(page.profile, { headers: { Accept: "text/html" } });
  if (!response.ok || leftTheDesk(response)) return false;
  const token = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("meta[name=csrf-token]")?.content;
  if (!token) return false;
  meta().content = token;
  for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
  return true;
}

const underway = new Set();

// Resolves when every act under way has been answered: a signal about it may come before its answer.
export async function answered() {
  await Promise.allSettled([...underway]);
  await new Promise((resolve) => { setTimeout(resolve); });
}

export function post(url, body, options) {
  const answer = send(url, body, options).finally(() => underway.delete(answer));
  underway.add(answer);
  return answer;
}

// Answers {ok, status, data, html, away, ended}: `away` when nothing answered, `ended` when the session is over.
async function send(url, body, { keepalive = false, again = true } = {}) {
  body.delete("csrfmiddlewaretoken");
  let response;
  try {
    response = await fetch(url, { method: "POST", body, keepalive, headers: { Accept: "application/json", "X-CSRFToken": meta().content } });
  } catch {
    return { ok: false, status: 0, away: true, data: {}, html: "" };
  }
  if (leftTheDesk(response)) return { ok: false, status: 401, ended: true, data: {}, html: "" };
  const { data, html } = await readable(response);
  if (response.status === 403 && data.error === "csrf" && again && await freshToken()) return send(url, body, { keepalive, again: false });
  return { ok: response.ok, status: response.status, data, html };
}

// A part of a page as a document, or null: the caller leaves things as they are.
export async function part(url) {
  const response = await fetch(url, { headers: { "HX-Request": "true", Accept: "text/html" } }).catch(() => null);
  if (!response?.ok || leftTheDesk(response)) return null;
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

export function toSignIn() {
  location.assign(`${signIn()}?next=${encodeURIComponent(location.pathname + location.search)}`);
}

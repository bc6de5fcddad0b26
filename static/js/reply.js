// <reply-box>: reply or note, drafts, files, the guard against answering an old state, a session that ended.
import { command, composing } from "./keys.js";
import { form, post, say, words } from "./net.js";
import { current, freshen, reload } from "./reader.js";
import { sentAndClosed, wentWell } from "./acts.js";
import { refresh, settled } from "./list.js";

const DRAFT_MS = 600;
const make = (tag, set) => Object.assign(document.createElement(tag), set);

class ReplyBox extends HTMLElement {
  connectedCallback() {
    this.stop = new AbortController();
    this.form = this.querySelector("form");
    this.area = this.form.elements.text;
    this.files = [];
    this.number = current() ?? this.closest(".conversation")?.dataset.number;
    const on = (node, name, run) => node.addEventListener(name, run, { signal: this.stop.signal });
    on(this.area, "input", () => this.typed());
    on(this.area, "keydown", (event) => this.pressed(event));
    on(this.form, "change", (event) => this.changed(event));
    on(this.form, "submit", (event) => this.submitted(event));
    on(this, "click", (event) => this.clicked(event));
    on(document, "desk:text", (event) => { if (!this.area.value) { this.area.value = event.detail; this.typed(); } });
    on(window, "pagehide", () => this.flush());
    this.area.maxBytes = Number(this.form.dataset.maxBytes);
  }

  disconnectedCallback() { this.flush(); this.stop.abort(); }
  slotted(name) { return this.querySelector(`[data-slot=${name}]`); }
  get kind() { return new FormData(this.form).get("kind"); }
  get busy() { return this.area.value.trim() !== "" || document.activeElement === this.area; }

  write(kind) {
    const choice = this.form.querySelector(`[name=kind][value=${kind}]`);
    if (!choice) return;
    if (!choice.checked) this.trouble("");
    choice.checked = true;
    this.area.focus();
    this.area.selectionStart = this.area.value.length;
  }

  // Drafts
  typed() {
    this.dirty = true;
    this.trouble("");
    this.slotted("saved").textContent = words.saving;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), DRAFT_MS);
  }

  draft() { return form({ kind: this.kind, text: this.area.value, version: this.form.elements.version.value }); }

  async save() {
    this.dirty = false;
    this.saving = post(this.form.dataset.draft, this.draft());
    const answer = await this.saving;
    this.slotted("saved").textContent = answer.ok ? (this.area.value ? words.saved : "") : words.unsaved;
    if (answer.ended) this.signedOut(false);
  }

  flush() {
    clearTimeout(this.timer);
    if (this.dirty) post(this.form.dataset.draft, this.draft(), { keepalive: true });
    this.dirty = false;
  }

  // Keys, files
  pressed(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || composing(event)) return;
    event.preventDefault();
    const shown = [...this.form.querySelectorAll("button[name=after]")].filter((button) => button.checkVisibility());
    const wanted = shown.find((button) => button.value === (event.shiftKey ? "stay" : "closed")) ?? shown[0];
    if (wanted) this.form.requestSubmit(wanted);
  }

  changed(event) {
    if (event.target.name === "kind") { this.trouble(""); this.area.focus(); if (this.area.value) this.typed(); }
    if (event.target.type !== "file") return;
    this.files.push(...event.target.files);
    event.target.value = "";
    this.showFiles();
  }

  showFiles() {
    const size = this.files.reduce((sum, file) => sum + file.size, 0);
    const large = size > this.area.maxBytes && this.files.reduce((a, b) => (a.size > b.size ? a : b));
    this.slotted("uploads").replaceChildren(...this.files.map((file) => {
      const item = make("li", { textContent: `${file.name} ` });
      const remove = make("button", { type: "button", textContent: "×" });
      remove.setAttribute("aria-label", say("remove", file.name));
      remove.addEventListener("click", () => { this.files = this.files.filter((other) => other !== file); this.showFiles(); });
      item.append(make("small", { textContent: `${Math.ceil(file.size / 1024)} kB` }), remove);
      return item;
    }));
    this.trouble(large ? say("tooLarge", large.name) : "");
  }

  // Sending
  submitted(event) {
    event.preventDefault();
    if (this.sending) return;
    const note = this.kind === "note";
    const name = this.form.dataset.contact.split(/\s+/)[0].toLocaleLowerCase();
    if (note && !this.asked && name.length > 2 && this.area.value.slice(0, 60).toLocaleLowerCase().includes(name)) return this.askNote(event.submitter);
    return this.send(event.submitter);
  }

  askNote(submitter) {
    this.asked = true;
    const go = make("button", { type: "button", textContent: words.noteGo });
    const reply = make("button", { type: "button", textContent: words.noteReply });
    go.addEventListener("click", () => this.send(submitter));
    reply.addEventListener("click", () => { this.trouble(""); this.write("reply"); });
    this.trouble(say("noteName", this.form.dataset.contact), go, reply);
  }

  async send(submitter) {
    clearTimeout(this.timer);
    this.dirty = false;
    this.trouble("");
    this.sending = true;
    this.form.setAttribute("aria-busy", "true");
    const after = submitter?.value ?? "stay";
    await this.saving; // a draft under way must not come after the text that it was for
    const body = new FormData(this.form, submitter);
    body.delete("files");
    for (const file of this.files) body.append("files", file);
    const answer = await post(this.kind === "note" ? this.form.dataset.note : this.form.action, body);
    this.sending = false;
    this.form.removeAttribute("aria-busy");
    if (answer.ok) return this.sent(answer, after);
    this.dirty = true;
    if (answer.status === 409) return this.conflict(answer.html, submitter);
    if (answer.ended) return this.signedOut(submitter);
    return this.trouble(answer.away ? say("noConnection") : answer.data.words || say("failed"), this.again(submitter));
  }

  async sent(answer, after) {
    const text = this.area.value;
    this.area.value = "";
    wentWell(this.number, answer, { text });
    if (after === "closed") return sentAndClosed(this.number);
    await reload();
    return refresh([this.number]);
  }

  again(submitter) {
    const button = make("button", { type: "button", textContent: words.again });
    button.addEventListener("click", () => this.send(submitter || null));
    return button;
  }

  // What stops a text from going out stays beside it, and the text stays in the box.
  trouble(text, ...actions) {
    const slot = this.slotted("trouble");
    slot.hidden = !text;
    slot.replaceChildren(make("span", { textContent: text }), ...actions);
  }

  signedOut(submitter) {
    const link = make("a", { href: document.body.dataset.signIn, target: "_blank", rel: "noopener", textContent: words.signIn });
    this.trouble(words.signedOut, link, ...(submitter === false ? [] : [this.again(submitter)]));
  }

  conflict(html, submitter) {
    const slot = this.slotted("conflict");
    slot.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    this.slotted("stale").hidden = true;
    this.submitter = submitter;
    this.save();
  }

  async clicked(event) {
    if (event.target.closest("[data-read]") && await freshen()) this.clearBars();
    const anyway = event.target.closest("[data-force]");
    if (!anyway) return;
    this.form.elements.version.value = anyway.closest("[data-version]").dataset.version;
    this.clearBars();
    this.send(this.submitter);
  }

  clearBars() {
    this.slotted("conflict").replaceChildren();
    this.slotted("stale").hidden = true;
    this.area.focus();
  }

  // Somebody else changed the ticket: read it when there is nothing to lose, else say so.
  changedElsewhere() {
    if (!this.busy) return freshen();
    if (!this.slotted("conflict").childElementCount) this.slotted("stale").hidden = false;
    return undefined;
  }
}
customElements.define("reply-box", ReplyBox);

export const box = () => document.querySelector("reply-box");
for (const [id, key] of [["reply", "r"], ["note", "n"]])
  command(id, { keys: [key], when: () => !!document.querySelector("#rows .row, reply-box"), async run() { await settled(); box()?.write(id); } });

// A form on a page of its own (a forward, an answer to another party) keeps what is written as a draft, too.
const sheet = document.querySelector("form[data-keeps]");
if (sheet) {
  let timer;
  let dirty = false;
  const kept = () => {
    const { to, cc, subject, text, m, version } = sheet.elements;
    const copies = cc?.value ?? ""; // on an answer these are ticks, a list without a value
    return form({ kind: sheet.dataset.kind, text: text.value, to: to?.value, cc: copies, subject: subject?.value, m: m.value, version: version.value });
  };
  const save = async () => {
    dirty = false;
    const answer = await post(sheet.dataset.keeps, kept());
    const place = sheet.querySelector("[data-slot=saved]");
    place.textContent = answer.ok ? words.saved : answer.ended ? words.signedOut : words.unsaved;
  };
  sheet.addEventListener("input", () => { dirty = true; clearTimeout(timer); timer = setTimeout(save, DRAFT_MS); });
  sheet.addEventListener("submit", () => { dirty = false; clearTimeout(timer); });
  window.addEventListener("pagehide", () => { if (dirty) post(sheet.dataset.keeps, kept(), { keepalive: true }); });
  sheet.elements.text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !composing(event)) { event.preventDefault(); sheet.requestSubmit(); }
  });
}

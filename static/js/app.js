// Starts the page: one listener each for keys, acts and swaps.
import { listen } from "./keys.js";
import { leftTheDesk, say, toSignIn } from "./net.js";
import { arrived } from "./reader.js";
import * as list from "./list.js";
import * as acts from "./acts.js";
import * as live from "./live.js";
import { trouble } from "./toast.js";
import "./reply.js";
import "./theme.js";

document.addEventListener("htmx:before:response", (event) => {
  if (!leftTheDesk(event.detail.ctx.response.raw)) return;
  event.preventDefault();
  toSignIn();
});
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx?.target?.id === "reader") arrived();
  list.paint();
});
document.addEventListener("htmx:error", () => trouble(say("noConnection")));
document.addEventListener("desk:left", () => list.paint());

listen();
list.start();
acts.start();
live.start();
if (document.querySelector(".conversation")) arrived();

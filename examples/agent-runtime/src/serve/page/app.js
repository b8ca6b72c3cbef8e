// What the page knows, and what changes it. A position, or the end of the log, is looked at; `view.js`
// shows what was seen.

import { show } from "./view.js";

const page = {
  at: null, // The position that is looked at; null: the end of the log, wherever it is.
  head: 0,
  life: null, // The life that is looked at, as "category/id"; null: whichever is of interest.
  token: null,
  seen: null,
  whole: new Map(), // All of what is asked, of those where somebody wanted to see it, by id.
  problem: null, // Why nothing newer is seen, while that is so.
  refusal: null, // Why the last answer was not taken, until somebody goes on.
};

const slider = document.getElementById("position");

// --- Looking -----------------------------------------------------------------------------------------

let looking = false;
let again = false;
let later = null;

/** Looks, one request at a time: while one is under way, only the newest wish is kept. */
async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  clearTimeout(later);
  do {
    again = false;
    try {
      const at = page.at === null ? "" : `?at=${page.at}`;
      const answer = await fetch(`/api/state${at}`);
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.error);
      page.seen = body;
      page.head = Math.max(page.head, body.head);
      page.problem = null;
    } catch (problem) {
      page.problem = `The log cannot be seen: ${problem.message}`;
    }
    render();
  } while (again);
  looking = false;
  if (page.problem) later = setTimeout(look, 1000);
}

function render() {
  show(page, { goTo, choose, answer, showWhole });
}

/** Looks at a position; at the end of the log, or behind it, the page follows the log. */
function goTo(position) {
  page.at = position >= page.head ? null : Math.max(0, position);
  page.refusal = null;
  remember();
  render();
  look();
}

function choose(life) {
  page.life = life;
  page.refusal = null;
  remember();
  render();
}

// --- Answering ---------------------------------------------------------------------------------------

/** Shows all of what is asked. Before that, no leave can be given for what was cut. */
async function showWhole({ id }) {
  try {
    const answer = await fetch(`/api/whole?id=${encodeURIComponent(id)}`);
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error);
    page.whole.set(id, body.text);
    page.refusal = null;
  } catch (problem) {
    page.refusal = `Not shown: ${problem.message}`;
  }
  render();
}

async function answer({ session, request }, reply) {
  try {
    const answer = await fetch("/api/answer", {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${page.token}` },
      body: JSON.stringify({ session, request, reply }),
    });
    if (answer.status === 401) unlock(null);
    if (!answer.ok) throw new Error((await answer.json()).error);
    page.refusal = null;
  } catch (problem) {
    page.refusal = `Not answered: ${problem.message}`;
  }
  look();
}

function unlock(token) {
  page.token = token;
  if (token) sessionStorage.setItem("token", token);
  else sessionStorage.removeItem("token");
}

document.getElementById("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  unlock(document.getElementById("token").value.trim() || null);
  render();
});

// --- The address: a view can be shared, a token never stays in it ----------------------------------------

function recall() {
  const address = new URLSearchParams(location.hash.slice(1));
  const at = Number.parseInt(address.get("at"), 10);
  page.at = Number.isSafeInteger(at) && at >= 0 ? at : null;
  page.life = address.get("life");
  if (address.has("token")) unlock(address.get("token"));
  else page.token = sessionStorage.getItem("token");
  remember();
}

function remember() {
  const address = new URLSearchParams();
  if (page.at !== null) address.set("at", page.at);
  if (page.life !== null) address.set("life", page.life);
  history.replaceState(null, "", `#${address}`);
}

addEventListener("hashchange", () => {
  recall();
  look();
});

// --- Time ----------------------------------------------------------------------------------------------

const here = () => page.at ?? page.head;

slider.addEventListener("input", () => goTo(Number(slider.value)));
document.getElementById("back").addEventListener("click", () => goTo(here() - 1));
document.getElementById("on").addEventListener("click", () => goTo(here() + 1));
document.getElementById("live").addEventListener("click", () => goTo(page.head));

addEventListener("keydown", (event) => {
  // The slider has these keys itself, and whoever types needs them.
  if (event.target.closest?.("input") || event.altKey || event.ctrlKey || event.metaKey) return;
  const wish = { ArrowLeft: here() - 1, ArrowRight: here() + 1, Home: 0, End: page.head }[event.key];
  if (wish === undefined) return;
  event.preventDefault();
  goTo(wish);
});

// --- The log as it grows ---------------------------------------------------------------------------------

function follow() {
  const log = new EventSource("/api/live");
  log.addEventListener("message", (event) => {
    page.head = Math.max(page.head, Number(event.data));
    if (page.at === null) look();
    else render();
  });
  log.addEventListener("open", () => document.body.classList.remove("alone"));
  log.addEventListener("error", () => {
    document.body.classList.add("alone");
    // It connects again by itself, and is then told where the log ends; but not if it was answered no,
    // as too many listen.
    if (log.readyState === EventSource.CLOSED) setTimeout(follow, 1000);
  });
}

recall();
follow();
look();

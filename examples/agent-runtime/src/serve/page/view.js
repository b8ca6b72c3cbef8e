// What was seen, as elements. Everything in it may come from an agent, and is text.

import { el, keyed, say, time } from "./dom.js";

const at = (id) => document.getElementById(id);

/** Shows what the page knows. `act` is what a person can do about it. */
export function show(page, act) {
  showTime(page);
  const problems = [page.refusal, page.problem].filter((problem) => problem !== null);
  say(at("problem"), problems.join(" · "));
  at("problem").hidden = problems.length === 0;
  if (!page.seen) return;
  const nodes = linesOf(page.seen);
  const chosen = nodes.find((node) => node.key === page.life) ?? interesting(nodes);
  showPending(page, act);
  showLives(nodes, chosen, act);
  showTimeline(page, nodes, chosen, act);
  showLife(chosen);
  showFeed(page.seen, chosen, act);
}

function showTime(page) {
  const position = Math.min(page.at ?? page.head, page.head);
  const slider = at("position");
  slider.max = page.head;
  if (Number(slider.value) !== position) slider.value = position;
  const shown = page.seen ? time(page.seen.occurred_at) : "";
  slider.setAttribute("aria-valuetext", `${position} of ${page.head} ${shown}`);
  say(at("where"), `${position} of ${page.head}${shown && " · "}${shown}`);
  at("live").setAttribute("aria-pressed", page.at === null);
  at("back").disabled = position <= 0;
  at("on").disabled = position >= page.head;
  document.body.classList.toggle("past", page.at !== null);
}

// --- Lives ---------------------------------------------------------------------------------------------

/** The lines of the tree, each with its life. */
function linesOf(seen) {
  const { sessions, workflows, runs, requests, relays } = seen;
  const shelves = { session: sessions, workflow: workflows, run: runs, request: requests, relay: relays };
  const lives = new Map();
  for (const [category, shelf] of Object.entries(shelves)) {
    for (const life of shelf) lives.set(`${category}/${life.id}`, life);
  }
  return seen.tree.map((line) => {
    const key = `${line.category}/${line.id}`;
    return { ...line, key, life: lives.get(key) };
  });
}

const byBeginning = (one, other) => one.began - other.began;

/** The life to show where none was chosen: the newest workflow, or whatever there is. */
function interesting(nodes) {
  const workflows = nodes.filter((node) => node.category === "workflow");
  return workflows.sort(byBeginning).at(-1) ?? nodes.at(-1);
}

function showLives(nodes, chosen, act) {
  keyed(at("lives"), nodes, (node) => node.key, makeLine, (line, node) => {
    const button = line.firstElementChild;
    const [title, note, status] = button.children;
    line.className = `is-${node.category}`;
    line.style.setProperty("--depth", node.depth);
    button.setAttribute("aria-current", node === chosen);
    button.onclick = () => act.choose(node.key);
    say(title, node.title);
    say(note, node.note);
    say(status, node.status);
    status.className = `status ${/^[a-z]+/.exec(node.status)?.[0] ?? ""}`;
  });
  const title = nodes.length ? "Lives" : "No life has begun yet";
  say(at("lives-title"), title);
}

function makeLine() {
  const parts = [el("span", { class: "title" }), el("span", { class: "note" }), el("span")];
  return el("li", {}, el("button", { type: "button" }, ...parts));
}

// --- The timeline: from where to where in the log a workflow or a run went on ------------------------------

function showTimeline(page, nodes, chosen, act) {
  const going = nodes.filter((node) => ["workflow", "run"].includes(node.category));
  const lanes = going.sort(byBeginning).slice(-12);
  const percent = (position) => `${(100 * position) / Math.max(page.head, 1)}%`;
  at("timeline").hidden = lanes.length === 0;
  at("now").style.left = percent(page.seen.position);
  keyed(at("lanes"), lanes, (node) => node.key, makeLane, (lane, node) => {
    const bar = lane.firstElementChild;
    const end = node.life.over ? node.life.moved : page.seen.position;
    bar.style.marginLeft = percent(node.life.began);
    bar.style.width = percent(end - node.life.began);
    bar.className = `status ${node.status}`;
    bar.setAttribute("aria-current", node === chosen);
    bar.setAttribute("aria-label", `${node.title}, events ${node.life.began} to ${end}`);
    bar.title = node.title;
    bar.onclick = () => act.choose(node.key);
  });
}

function makeLane() {
  return el("li", {}, el("button", { type: "button" }));
}

// --- One life ------------------------------------------------------------------------------------------

// What stands elsewhere: in the tree, in the picture, or below.
const UNSAID = new Set([
  "id", "state", "over", "began", "began_at", "moved", "moved_at", "counters", "joined", "question",
]);

/** A value as a person reads it. */
function read(name, value) {
  if (name === "until") return time(value);
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function showLife(chosen) {
  const picture = at("diagram");
  picture.hidden = !chosen;
  say(at("life-title"), chosen ? `${chosen.category} ${chosen.title}` : "Life");
  if (!chosen) return keyed(at("facts"), [], String, makeFact, () => {});
  const { life, category } = chosen;
  const source = `/api/diagram/${category}/${life.state}`;
  if (picture.getAttribute("src") !== source) picture.src = source;
  picture.alt = `${category}, in state ${life.state}`;
  const facts = [["state", life.state], ["began", `${time(life.began_at)}, event ${life.began}`]];
  facts.push(["last moved", `${time(life.moved_at)}, event ${life.moved}`]);
  for (const [name, value] of Object.entries({ ...life, ...life.counters })) {
    const there = value !== null && value !== false && value.length !== 0;
    if (there && !UNSAID.has(name)) facts.push([name.replaceAll("_", " "), read(name, value)]);
  }
  keyed(at("facts"), facts, ([name]) => name, makeFact, (fact, [name, value]) => {
    say(fact.children[0], name);
    say(fact.children[1], value);
  });
}

function makeFact() {
  return el("div", {}, el("dt"), el("dd"));
}

// --- What waits ----------------------------------------------------------------------------------------

function showPending(page, act) {
  const { waiting } = page.seen;
  at("pending").hidden = waiting.length === 0;
  at("unlock").hidden = page.token !== null || page.at !== null;
  const can = page.token !== null && page.at === null;
  // As another question it is another element: what was typed for one never answers the other.
  keyed(at("requests"), waiting, (it) => `${it.asks} ${it.id}`, makeRequest, (line, it) => {
    const [what, detail, place, relay, more, controls] = line.children;
    const whole = page.whole.get(it.id);
    say(what, it.what);
    say(detail, whole ?? it.detail);
    detail.hidden = detail.textContent === "";
    more.hidden = page.at !== null || !it.cut || whole !== undefined;
    more.onclick = () => act.showWhole(it);
    // Nobody gives leave for what they could not see.
    for (const leave of controls.querySelectorAll(".allow, .always")) leave.disabled = !more.hidden;
    say(place, it.place);
    say(relay, it.relay ?? "not relayed");
    controls.hidden = !can;
    controls.onclick = ({ target }) => {
      const reply = replyOf(target, controls.querySelector("input"));
      if (reply) act.answer(it, reply);
    };
  });
}

function makeRequest(it) {
  const controls = it.asks === "text" ? makeAnswers(it.choices) : makeLeave(it.asks);
  return el("li", {}, el("strong"), el("pre"), el("span", { class: "quiet" }),
    el("span", { class: "quiet relay" }),
    el("button", { type: "button", class: "more" }, "Show all of what is asked"), el("div", { class: "controls" }, ...controls));
}

function button(answer, label, attributes = {}) {
  return el("button", { type: "button", class: answer, "data-answer": answer, ...attributes }, label);
}

function makeLeave(asks) {
  const always = asks === "leave_in_workflow" ? [button("always", "Always in this workflow")] : [];
  const reason = { placeholder: "why not", "aria-label": "What the agent is told if it may not" };
  return [el("input", { type: "text", maxlength: "1000", ...reason }),
    button("allow", "Allow"), ...always, button("deny", "Deny")];
}

/** A button for each choice; or, if it is any text, what it is typed in. */
function makeAnswers(choices) {
  if (choices.length) return choices.map((choice) => button("text", choice, { value: choice }));
  return [el("input", { type: "text", maxlength: "1000", "aria-label": "The answer" }),
    button("text", "Answer")];
}

/** What a click means as an answer, in the words of the channels. */
function replyOf(target, input) {
  const { answer } = target.dataset;
  if (answer === "deny") return { answer, reason: input.value || null };
  if (answer === "text") return { answer, text: target.getAttribute("value") ?? input.value };
  return answer ? { answer } : null;
}

// --- The feed ------------------------------------------------------------------------------------------

function showFeed(seen, chosen, act) {
  say(at("forgotten"), `${seen.forgotten} further lives are on the log.`);
  at("forgotten").hidden = !seen.forgotten;
  keyed(at("feed"), seen.moments, (moment) => String(moment.position), makeMoment, (line, moment) => {
    const [position, clock, kind, text] = line.firstElementChild.children;
    line.classList.toggle("caused", moment.caused);
    line.classList.toggle("of-chosen", moment.life.join("/") === chosen?.key);
    line.firstElementChild.onclick = () => act.goTo(moment.position);
    say(position, moment.position);
    say(clock, time(moment.at));
    say(kind, moment.kind);
    say(text, moment.text);
  });
}

function makeMoment() {
  const parts = ["position", "clock", "kind", "text"].map((name) => el("span", { class: name }));
  return el("li", {}, el("button", { type: "button", title: "Look at this moment" }, ...parts));
}

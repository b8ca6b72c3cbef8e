// What was seen, as elements. Everything in it may come from an agent, and is text.

import { el, keyed, say, time } from "./dom.js";

const at = (id) => document.getElementById(id);

/** Shows what the page knows. `act` is what a person can do about it. */
export function show(page, act) {
  showTime(page);
  say(at("problem"), page.problem);
  at("problem").hidden = !page.problem;
  if (!page.seen) return;
  const nodes = tree(page.seen);
  const chosen = nodes.find((node) => node.key === page.life) ?? interesting(nodes);
  showPending(page, act);
  showLives(nodes, chosen, act);
  showTimeline(page, nodes, chosen, act);
  showLife(chosen);
  showFeed(page.seen, chosen, act);
}

function showTime(page) {
  const position = page.at ?? page.head;
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

// --- Lives: sessions, their workflows, their runs, their requests ------------------------------------

const byBeginning = (one, other) => one.began - other.began;

/** The lives as lines of a tree, each under the one that it belongs to. */
function tree(seen) {
  const lines = [];
  const add = (depth, category, life, title, note, status) => {
    const key = `${category}/${life.id}`;
    lines.push({ key, depth, category, life, title, note, status });
  };
  const runs = (depth, session, workflow) => {
    for (const run of seen.runs.filter((run) => run.session === session && run.workflow === workflow)) {
      const { tool_uses, tool_failures } = run.counters;
      const failed = tool_failures ? `, ${tool_failures} failed` : "";
      add(depth, "run", run, run.run_id, `${run.trigger} · ${tool_uses} tools${failed}`, run.status);
      for (const request of seen.requests) {
        if (request.session !== session || request.run !== run.number) continue;
        const status = request.over ? request.decision ?? "lapsed" : "waiting";
        add(depth + 1, "request", request, request.what, "", status);
      }
    }
  };
  for (const list of [seen.sessions, seen.workflows, seen.runs, seen.requests]) list.sort(byBeginning);
  // Within a commit, a workflow begins before its session has heard of it.
  const sessions = new Set([...seen.workflows, ...seen.runs].map((life) => life.session));
  for (const id of sessions.union(new Set(seen.sessions.map((session) => session.id)))) {
    const session = seen.sessions.find((session) => session.id === id);
    if (session) add(0, "session", session, id, "session", session.state.toLowerCase());
    for (const workflow of seen.workflows.filter((workflow) => workflow.session === id)) {
      const turns = `turn ${workflow.iteration} of ${workflow.max_iterations}`;
      add(1, "workflow", workflow, workflow.name, turns, workflow.status);
      runs(2, id, workflow.id);
    }
    runs(1, id, null);
  }
  return lines;
}

/** The life to show where none was chosen: the newest workflow, or whatever there is. */
function interesting(nodes) {
  return nodes.findLast((node) => node.category === "workflow") ?? nodes.at(-1);
}

function showLives(nodes, chosen, act) {
  keyed(at("lives"), nodes, (node) => node.key, makeLine, (line, node) => {
    const button = line.firstElementChild;
    const [title, note, status] = button.children;
    line.className = `depth-${node.depth} is-${node.category}`;
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
  const lanes = nodes.filter((node) => ["workflow", "run"].includes(node.category)).slice(-12);
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

const UNSAID = new Set(["id", "state", "over", "began", "began_at", "moved", "moved_at", "counters"]);

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
    const there = value !== null && value !== "" && value.length !== 0;
    if (there && !UNSAID.has(name)) facts.push([name.replaceAll("_", " "), String(value)]);
  }
  keyed(at("facts"), facts, ([name]) => name, makeFact, (fact, [name, value]) => {
    say(fact.children[0], name);
    say(fact.children[1], value);
  });
}

function makeFact() {
  return el("div", {}, el("dt"), el("dd"));
}

// --- Requests that wait --------------------------------------------------------------------------------

function showPending(page, act) {
  const waiting = page.seen.requests.filter((request) => !request.over).sort(byBeginning);
  at("pending").hidden = waiting.length === 0;
  at("unlock").hidden = page.token !== null || page.at !== null;
  const can = page.token !== null && page.at === null;
  keyed(at("requests"), waiting, (request) => request.id, makeRequest, (line, request) => {
    const [what, detail, where, controls] = line.children;
    say(what, request.what === "stop" ? "The agent wants to stop" : `Leave to use ${request.what}`);
    say(detail, request.detail);
    say(where, `${request.request} in session ${request.session}, run ${request.run}`);
    controls.hidden = !can;
    const [reason, allow, deny] = controls.children;
    allow.onclick = () => act.answer(request, true, null);
    deny.onclick = () => act.answer(request, false, reason.value || null);
  });
}

function makeRequest() {
  const reason = { placeholder: "why not", "aria-label": "What the agent is told if it may not" };
  return el("li", {}, el("strong"), el("pre"), el("span", { class: "quiet" }),
    el("div", { class: "controls" }, el("input", { type: "text", maxlength: "1000", ...reason }),
      el("button", { type: "button", class: "allow" }, "Allow"),
      el("button", { type: "button", class: "deny" }, "Deny")));
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

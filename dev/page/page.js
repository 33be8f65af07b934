"use strict";
// Texts of clients go into the page only through textContent.

const byId = (id) => document.getElementById(id);
const runs = new Map(); // run id → { run, events: event number → event, row, items: event number → its element }
const changed = new Set(); // ids of the runs to draw again
let chosen = null;
let ready = false;
let drawing = false;

// ---- The feed -------------------------------------------------------------------------------------------------------

const feed = new EventSource("/events");
const on = (type, take) => feed.addEventListener(type, (message) => take(JSON.parse(message.data)));

feed.onopen = () => connection("Live", "yes");
feed.onerror = () => connection("Reconnecting", "no");

on("reset", (greeting) => {
  ready = false;
  for (const id of [...runs.keys()]) forget(id);
  byId("events").replaceChildren();
  byId("misbehaviour").textContent = greeting.misbehaviour ?? "";
  byId("misbehaviour").hidden = !greeting.misbehaviour;
  byId("environment").textContent = environment(greeting.own_key);
});

on("run", (run) => {
  const known = runs.get(run.id) ?? begin(run);
  const news = known.run.state !== run.state || known.fresh;
  known.fresh = false;
  known.run = run;
  if (ready && news) say(`${title(run)}: ${run.state}`);
  draw(run.id);
});

on("event", ({ run, event }) => {
  // If the run is new, it comes with the next message.
  const known = runs.get(run) ?? begin({ id: run, name: null, state: "waiting", first_at_ms: event.at_ms, last_at_ms: event.at_ms, warnings: 0, not_kept: 0 });
  known.events.set(event.number, event);
  draw(run);
});

on("forget", ({ run }) => {
  forget(run);
  if (run === chosen) choose(newest());
  draw();
});

on("ready", () => {
  ready = true;
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (wanted && runs.has(wanted) && !runs.has(chosen)) choose(wanted, false);
  else if (!runs.has(chosen)) choose(newest());
  draw();
});

function begin(run) {
  const row = element("li", {}, element("a", { href: `#${encodeURIComponent(run.id)}`, tabIndex: -1 }));
  const known = { run, events: new Map(), items: new Map(), row, fresh: true };
  runs.set(run.id, known);
  byId("runs").prepend(row);
  row.firstChild.addEventListener("click", (click) => {
    click.preventDefault();
    choose(run.id, false);
  });
  if (ready && (byId("follow").checked || chosen === null)) choose(run.id);
  return known;
}

function forget(id) {
  runs.get(id)?.row.remove();
  runs.delete(id);
}

function connection(text, live) {
  byId("connection").textContent = text;
  byId("connection").dataset.live = live;
}

function say(text) {
  byId("news").textContent = text;
}

function environment(ownKey) {
  const key = ownKey ? "# ORCHESTRA_API_KEY: the key that this endpoint was started with" : "export ORCHESTRA_API_KEY=local-key";
  return `export ORCHESTRA_WEBHOOK_URL=${location.origin}/\n${key}\nexport ORCHESTRA_TASK_RUN_ID=${crypto.randomUUID()}`;
}

// ---- The selected run ------------------------------------------------------------------------------------------------------

const newest = () => [...runs.keys()].at(-1) ?? null;

// Whoever selects a run wants to stay there.
function choose(id, following = true) {
  if (!following) byId("follow").checked = false;
  if (id !== chosen) {
    draw(chosen);
    chosen = id;
    byId("events").replaceChildren();
    for (const known of runs.values()) known.items.clear();
  }
  if (id !== null) history.replaceState(null, "", `#${encodeURIComponent(id)}`);
  draw(id);
}

byId("follow").addEventListener("change", (change) => {
  if (change.target.checked) choose(newest());
});

// ---- Drawing --------------------------------------------------------------------------------------------------------

function draw(id) {
  if (id !== undefined && id !== null) changed.add(id);
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    for (const id of changed) if (runs.has(id)) drawRow(runs.get(id));
    byId("count").textContent = runs.size;
    const shown = runs.get(chosen);
    byId("none").hidden = Boolean(shown);
    byId("detail").hidden = !shown;
    if (shown && changed.has(chosen)) drawDetail(shown);
    changed.clear();
  });
}

function drawRow(known) {
  const { run, row } = known;
  const link = row.firstChild;
  const current = run.id === chosen;
  link.tabIndex = current ? 0 : -1;
  if (current) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
  link.replaceChildren(
    element("span", { className: "name", textContent: title(run) }),
    state(run.state),
    element("span", { className: "id mono", textContent: run.name ? run.id : "" }),
    element("span", { className: "when", textContent: clock(run.first_at_ms) }),
    timeline(known, [["", () => true]]),
  );
  if (run.warnings) link.append(element("span", { className: "has-warnings", textContent: count(run.warnings, "warning") }));
}

function drawDetail(known) {
  const { run } = known;
  const events = [...known.events.values()].sort((a, b) => a.number - b.number);
  byId("title").textContent = title(run);
  byId("state").replaceWith(Object.assign(state(run.state), { id: "state" }));
  const facts = [run.id && `run ${run.id}`, `started ${clock(run.first_at_ms)}`, duration(run.last_at_ms - run.first_at_ms), count(known.events.size + run.not_kept, "event")];
  byId("facts").textContent = facts.filter(Boolean).join(" · ");

  const warned = events.filter((event) => event.warnings.length);
  byId("warnings-section").hidden = !warned.length;
  byId("warnings").replaceChildren(...warned.flatMap((event) => event.warnings.map((warning) => warningItem(event, warning))));

  const lanes = [
    ["status", (event) => !["output", "log"].includes(event.kind)],
    ["outputs", (event) => event.kind === "output"],
    ["logs", (event) => event.kind === "log"],
  ].filter(([name, belongs], index) => index === 0 || events.some(belongs));
  const line = byId("timeline");
  const length = run.last_at_ms - run.first_at_ms;
  line.replaceChildren(timeline(known, lanes), element("div", { className: "axis" }, ...[0, 0.5, 1].map((part) => {
    const tick = element("span", { textContent: part && duration(length * part) });
    tick.style.left = place(part);
    return tick;
  })));
  line.setAttribute("aria-label", `${count(events.length, "event")} in ${duration(length)}, ${run.state}. The events below list the same.`);

  const outputs = new Map(events.filter((event) => event.kind === "output" && event.taken).map((event) => [event.name.text, event]));
  byId("outputs-section").hidden = !outputs.size;
  byId("outputs").replaceChildren(...[...outputs].flatMap(([name, event]) => [element("dt", { textContent: name }), element("dd", {}, ...content(event))]));

  const logs = events.filter((event) => event.kind === "log" && event.taken);
  byId("logs-section").hidden = !logs.length;
  byId("logs").replaceChildren(...logs.flatMap((event) => [element("h4", { textContent: event.name.text }), ...content(event)]));

  for (const event of events) drawEvent(known, event);
  byId("not-kept").hidden = !run.not_kept;
  byId("not-kept").textContent = `${count(run.not_kept, "later event")} not kept.`;
}

// An event keeps its element, so that it stays open and focused.
function drawEvent(known, event) {
  let item = known.items.get(event.number);
  if (item?.event === event) return;
  if (!item) {
    const summary = element("summary", {});
    const details = element("details", { id: `event-${event.number}` }, summary);
    item = { summary, details };
    known.items.set(event.number, item);
    details.addEventListener("toggle", () => drawBody(known, item));
    byId("events").append(element("li", {}, details));
  }
  item.event = event;
  const last = event.attempts.at(-1);
  const tags = element("span", { className: "tags" });
  if (event.attempts.length > 1) tags.append(element("span", { textContent: count(event.attempts.length + event.attempts_not_kept, "attempt") }));
  if (event.warnings.length) tags.append(element("span", { className: "warning", textContent: "Warning" }));
  if (!event.taken) tags.append(element("span", { className: "tag-refused", textContent: `Not accepted: ${last.status}` }));
  const label = element("span", { className: "label", textContent: labelOf(event) });
  label.dataset.kind = event.kind;
  label.dataset.state = stateOf(event);
  item.summary.replaceChildren(
    element("span", { className: "at", textContent: duration(event.at_ms - known.run.first_at_ms) }),
    label,
    element("span", { className: "text", textContent: inShort(event) }),
    tags,
  );
  drawBody(known, item);
}

// Only an open event is drawn: a run may have megabytes.
function drawBody(known, { event, details }) {
  details.querySelector(".body")?.remove();
  if (!details.open) return;
  const facts = element("dl", {});
  const fact = (name, ...value) => facts.append(element("dt", { textContent: name }), element("dd", {}, ...value));
  if (event.name.text) fact(event.kind === "output" ? "output" : event.kind === "log" ? "log" : "stage", event.name.text);
  if (event.message.text) fact("message", event.message.text, cut(event.message));
  fact("at", clock(event.at_ms));
  fact("protocol", event.protocol);
  fact("key", event.key);
  const attempts = event.attempts.map((attempt, index) => {
    const delay = attempt.delay_ms ? `, after ${duration(attempt.delay_ms)}` : "";
    const after = index ? `, ${duration(attempt.at_ms - event.at_ms)} later` : "";
    return element("li", { textContent: `${attempt.status}${attempt.misbehaving ? ", on purpose" : ""}${delay}${after}` });
  });
  if (event.attempts_not_kept) attempts.push(element("li", { textContent: `${event.attempts_not_kept} more` }));
  fact("answered", element("ol", {}, ...attempts));
  const body = element("div", { className: "body" });
  for (const warning of event.warnings) body.append(element("p", { className: "warning" }, ...warningText(warning)));
  body.append(facts);
  if (event.content.text) body.append(...content(event));
  details.append(body);
}

function timeline(known, lanes) {
  const { run, events } = known;
  const length = Math.max(run.last_at_ms - run.first_at_ms, 1);
  const at = (ms) => place((ms - run.first_at_ms) / length);
  const rows = lanes.map(([name, belongs], index) => {
    const lane = element("div", { className: "lane" });
    if (name) lane.append(element("span", { className: "lane-name", textContent: name }));
    if (index === 0 && run.state !== "waiting") lane.append(bar(known, at));
    for (const event of events.values()) {
      if (belongs(event)) lane.append(...event.attempts.map((attempt) => mark(event, attempt, at)));
    }
    return lane;
  });
  return element("div", { className: "lanes timeline", ariaHidden: "true" }, ...rows);
}

// From the first report that was accepted to the ending.
function bar({ run, events }, at) {
  const taken = [...events.values()].filter((event) => event.taken);
  const from = taken[0]?.attempts.find((attempt) => attempt.status === 200)?.at_ms ?? run.first_at_ms;
  const to = taken.find((event) => event.kind === "ending")?.attempts.findLast((attempt) => attempt.status === 200)?.at_ms ?? run.last_at_ms;
  const line = element("span", { className: "bar" });
  line.dataset.state = run.state;
  line.style.left = at(from);
  line.style.right = `calc(100% - ${at(to)})`;
  return line;
}

function mark(event, attempt, at) {
  const dot = element("span", { className: "mark", title: `${labelOf(event)} ${inShort(event)}`.trim().slice(0, 200) });
  Object.assign(dot.dataset, { kind: event.kind, state: stateOf(event), event: event.number });
  dot.dataset.taken = attempt.status === 200 ? "yes" : "no";
  dot.dataset.warned = event.warnings.length ? "yes" : "no";
  dot.style.left = at(attempt.at_ms);
  return dot;
}

byId("timeline").addEventListener("click", ({ target }) => {
  if (target.dataset.event) show(target.dataset.event);
});

function show(number) {
  const details = byId(`event-${number}`);
  details.open = true;
  details.firstChild.focus();
  details.scrollIntoView({ block: "nearest" });
}

// ---- In words -------------------------------------------------------------------------------------------------------

function title(run) {
  return run.name || run.id || "No run id";
}

function labelOf(event) {
  return { output: "OUTPUT", log: "LOG" }[event.kind] ?? event.label;
}

function stateOf(event) {
  if (event.kind !== "ending") return event.kind === "running" ? "running" : "";
  return { SUCCEEDED: "succeeded", Complete: "succeeded", WARNING: "warning", CANCELLED: "cancelled" }[event.label] ?? "failed";
}

function inShort(event) {
  const first = event.content.text.slice(0, 300).split("\n").join(" ");
  if (event.kind === "output") return `${event.name.text} = ${first}`;
  if (event.kind === "log") return `${event.name.text}: ${first}`;
  if (event.kind === "stage") return [event.name.text, event.message.text].filter(Boolean).join(": ");
  return event.message.text || first;
}

function warningItem(event, warning) {
  const jump = element("a", { href: `#event-${event.number}`, textContent: `event ${event.number}` });
  jump.addEventListener("click", (click) => {
    click.preventDefault();
    show(event.number);
  });
  return element("li", {}, jump, ...warningText(warning));
}

function warningText(warning) {
  const refused = warning.refused ? " The report was refused." : "";
  return [element("span", { className: "warning label-warning", textContent: "Warning " }), `${warning.text}${refused}`];
}

function content(event) {
  return [element("pre", { textContent: event.content.text }), cut(event.content)];
}

function cut({ cut_bytes }) {
  return element("span", { className: "quiet", textContent: cut_bytes ? ` ${cut_bytes} more bytes are not shown.` : "" });
}

function state(name) {
  const label = element("span", { className: "state", textContent: name.toUpperCase() });
  label.dataset.state = name;
  return label;
}

function clock(ms) {
  const time = new Date(ms);
  const two = (number) => String(number).padStart(2, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

function duration(ms) {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 99_950) return `${(ms / 1000).toFixed(ms < 9995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

// The marks at both ends stay inside the lane.
const place = (part) => `calc(10px + (100% - 20px) * ${part.toFixed(5)})`;

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// ---- Keys -----------------------------------------------------------------------------------------------------------

// The element of a list that gets the focus by an arrow key, Home or End; undefined for other keys.
function move(key, all, from) {
  const to = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: all.length - 1 }[key];
  return to === undefined ? undefined : all[Math.min(Math.max(to, 0), all.length - 1)];
}

byId("runs").addEventListener("keydown", (press) => {
  const links = [...byId("runs").querySelectorAll("a")];
  if (press.key === "ArrowRight") {
    press.preventDefault();
    byId("events").querySelector("summary")?.focus();
    return;
  }
  const next = move(press.key, links, links.indexOf(document.activeElement));
  if (!next) return;
  press.preventDefault();
  next.click();
  next.focus();
});

byId("events").addEventListener("keydown", (press) => {
  if (press.target.tagName !== "SUMMARY") return;
  if (press.key === "ArrowLeft" || press.key === "Escape") {
    press.preventDefault();
    runs.get(chosen)?.row.firstChild.focus();
    return;
  }
  const summaries = [...byId("events").querySelectorAll("summary")];
  const next = move(press.key, summaries, summaries.indexOf(press.target));
  if (!next) return;
  press.preventDefault();
  next.focus();
});

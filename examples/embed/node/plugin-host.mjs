// Runs tasks as plugins of this program, and reports each run to Orchestra:
//
//     npm install
//     ORCHESTRA_PROCESS_COMPONENT=orchestra-process.wasm ORCHESTRA_API_KEY=… node plugin-host.mjs FOLDER < triggers
//
// A trigger is a line of JSON, {"plugin": "NAME", "run_id": "UUID", "input": {…}}. It runs FOLDER/NAME.wasm, which is a
// component that exports orchestra:process/task. How the run has ended is a line on standard output.
//
// Runs go one after the other, and nothing here can interrupt one: a plugin that loops without end holds up all others.
// An endpoint that is down holds them up, too: each run for at most ORCHESTRA_DELIVERY_TIMEOUT, which is 5 min by default.
// On Node 20 what componentize-py made needs `node --experimental-wasm-extended-const`.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { argv, cwd, env, exit, stdin } from "node:process";
import { createInterface } from "node:readline";
import { transpile } from "@bytecodealliance/jco";
import { WASIShim } from "@bytecodealliance/preview2-shim/instantiation";

/** Orchestra's own, if no other is given. */
const ENDPOINT = env.ORCHESTRA_WEBHOOK_URL ?? "https://webhook.getorchestra.io";
/** A message has a limit, and 250 code points of it are shown. */
const MESSAGE_CHARS = 1000;

/** A plugin that exits throws this: preview2-shim's own exit would end this whole program. */
class Exit {
  constructor(status) {
    this.status = status;
  }
}

// Plugins see the current folder, and what symbolic links in it lead to. Do not start this program in the root of a Linux
// machine's files: the API key is among them, in /proc/self/environ.
const wasi = new WASIShim({ sandbox: { preopens: { "/": cwd() }, enableNetwork: false } }).getImportObject();
for (const [directory] of wasi["wasi:filesystem/preopens"].getDirectories()) readOnly(directory);

/** What plugins are given: no variables, no arguments, an empty standard input, and no network. */
const granted = {
  ...wasi,
  "wasi:cli/environment": { getEnvironment: () => [], getArguments: () => [], initialCwd: () => undefined },
  "wasi:cli/exit": {
    exit: ({ tag }) => refuse(new Exit(tag === "ok" ? 0 : 1)),
    exitWithCode: (status) => refuse(new Exit(status)),
  },
  "wasi:cli/stdin": { getStdin: emptyStream },
  // Standard output is for what this program says of its runs.
  "wasi:cli/stdout": { getStdout: wasi["wasi:cli/stderr"].getStderr },
  "wasi:http/outgoing-handler": { handle: () => refuse({ tag: "HTTP-request-denied" }) },
};

const [, , folder] = argv;
const plugins = new Map();
const { reporter, imports } = await start().catch((error) => {
  say(sentence(error));
  exit(1);
});
for await (const line of createInterface({ input: stdin })) {
  await run(line).catch((error) => say(`a trigger was not run: ${sentence(error)}`));
}

/** One instance of the process component serves all runs, and has the API key. Plugins import what it exports. */
async function start() {
  if (!folder) throw new Error("usage: node plugin-host.mjs FOLDER < triggers");
  for (const name of ["ORCHESTRA_API_KEY", "ORCHESTRA_PROCESS_COMPONENT"]) {
    if (!env[name]) throw new Error(`${name} is not set`);
  }
  const instantiate = await compile(env.ORCHESTRA_PROCESS_COMPONENT);
  const { lifecycle, connections } = await instantiate({ ...wasi, "wasi:http/outgoing-handler": { handle } });
  const reporter = lifecycle.Reporter.fromEnvironment(Object.entries(env));
  // No report holds up a plugin, and none fails in it.
  reporter.setDelivery("background");
  const contract = { "orchestra:process/lifecycle": lifecycle, "orchestra:process/connections": connections };
  return { reporter, imports: { ...granted, ...contract } };
}

/** A request of the process component. A plugin can make reporters of its own: they reach only the endpoint. */
function handle(request, options) {
  const { origin } = new URL(`${request.scheme().tag}://${request.authority()}`);
  if (origin !== new URL(ENDPOINT).origin) throw { tag: "HTTP-request-denied" };
  return wasi["wasi:http/outgoing-handler"].handle(request, options);
}

/** One run, from its opening to its ending. An error says why it cannot be opened, and so not be reported. */
async function run(line) {
  // Integers beyond 2^53 lose digits here: have them in strings.
  const { plugin, run_id: runId, input = {} } = JSON.parse(line) ?? {};
  const process = open(runId, plugin);
  process.start();
  const failure = await work(plugin, process, JSON.stringify(input));
  if (failure) say(`${runId}: ${failure.message}`);
  end(process, failure);
  for (const sentence of sentences(process.unacknowledged())) say(`${runId}: not reported: ${sentence}`);
  console.log(JSON.stringify({ run_id: runId, outcome: process.state().val }));
  process[Symbol.dispose]();
}

/** A run whose name cannot be used goes by `task`: better reported under another name than not at all. */
function open(runId, name) {
  if (typeof runId !== "string") throw new Error("it has no run id");
  try {
    return reporter.open(runId, typeof name === "string" ? name : "task");
  } catch (error) {
    if (error.payload?.tag !== "name") throw error;
    return reporter.open(runId, "task");
  }
}

/** Reports how a run has ended, and waits for what is pending. An ending that the plugin has reported itself stands. */
function end(process, failure) {
  try {
    if (process.state().tag === "ended") process.flush();
    else if (failure) process.fail(failure.message.slice(0, MESSAGE_CHARS), failure.data);
    else process.complete();
  } catch (error) {
    // What was not acknowledged is in the run's record, with all that was not before. Anything else is a trap.
    if (!error.payload) throw error;
  }
}

/** Which reports were not acknowledged, and why: a sentence for each. */
function sentences({ reports, further }) {
  const told = reports.map(({ report, cause, attempts, explanation }) => {
    const name = report.tag === "ending" ? `ending (${report.val})` : [report.tag, report.val].join(" ").trim();
    const why = {
      refused: `the endpoint answered ${cause.val}`,
      denied: "the host denies it",
      undelivered: attempts ? `after ${attempts} attempt${attempts === 1 ? "" : "s"}` : "",
    };
    return [name, why[cause.tag], explanation.trim()].filter(Boolean).join(": ");
  });
  return further ? [...told, `${further} more`] : told;
}

/** Runs a plugin. Returns how it has failed, if it has. */
async function work(name, process, input) {
  let task;
  try {
    task = await load(name);
  } catch (error) {
    return { message: sentence(error) };
  }
  try {
    task.run(process, input);
  } catch (error) {
    if (error instanceof Exit) return error.status ? { message: `exited with status ${error.status}` } : undefined;
    if (typeof error.payload === "string") return { message: error.payload };
    // All else is a trap. It has taken the plugin's instance with it, but not the process component's.
    const trap = error.message.replace(/^wasm trap: /, "");
    return { message: `trap: ${trap}`, data: JSON.stringify({ trap }) };
  }
}

/** A plugin is compiled once, and has a fresh instance for each run: none sees what another has left. */
async function load(name) {
  // What a trigger says names no file outside the folder.
  if (typeof name !== "string" || /[/\\]/.test(name)) throw new Error(`${JSON.stringify(name)} is not the name of a plugin`);
  const path = join(folder, `${name}.wasm`);
  if (!existsSync(path)) throw new Error(`there is no plugin ${name}`);
  if (!plugins.has(name)) plugins.set(name, await compile(path));
  const { "orchestra:process/task@0.1.0": task } = await plugins.get(name)(imports);
  if (!task) throw new Error(`${name} does not export orchestra:process/task@0.1.0`);
  return task;
}

/** Makes a JavaScript module and core modules of a component. Returns what instantiates them. */
async function compile(path) {
  const { files } = await transpile(await readFile(path), { name: "component", instantiation: "async" });
  const modules = {};
  for (const [name, bytes] of Object.entries(files)) {
    if (name.endsWith(".wasm")) modules[name] = await WebAssembly.compile(bytes);
  }
  const source = Buffer.from(files["component.js"]).toString("base64");
  const { instantiate } = await import(`data:text/javascript;base64,${source}`);
  return async (imports) => instantiate((name) => modules[name], imports);
}

/** preview2-shim's folders can be written to: what changes something is taken from this one, and from all below it. */
function readOnly(descriptor) {
  const changes = [
    "appendViaStream", "createDirectoryAt", "linkAt", "removeDirectoryAt", "renameAt", "setSize", "setTimes",
    "setTimesAt", "symlinkAt", "unlinkFileAt", "write", "writeViaStream",
  ];
  for (const name of changes) descriptor[name] = () => refuse("read-only");
  const openAt = descriptor.openAt.bind(descriptor);
  descriptor.openAt = (pathFlags, path, openFlags, flags) => {
    if (openFlags.create || openFlags.truncate || flags.write || flags.mutateDirectory) throw "read-only";
    return readOnly(openAt(pathFlags, path, openFlags, flags));
  };
  return descriptor;
}

/** The shim's own standard input has the triggers, which are no plugin's business. */
function emptyStream() {
  const stream = new (wasi["wasi:io/streams"].InputStream)();
  for (const name of ["read", "blockingRead", "skip", "blockingSkip"]) stream[name] = () => refuse({ tag: "closed" });
  stream.subscribe = () => wasi["wasi:clocks/monotonic-clock"].subscribeDuration(0n);
  return stream;
}

function refuse(error) {
  throw error;
}

/** What an error says. A component's is in its `payload`: which one, or which variable, and what is wrong. */
function sentence({ message, payload }) {
  if (payload?.variable) return `${payload.variable}: ${payload.problem}`;
  return payload?.tag ? `${payload.tag}: ${payload.val}` : message;
}

/** One line, whatever the text holds. */
function say(text) {
  console.error(`plugin-host: ${text.replace(/\p{Cc}+/gu, " ")}`);
}

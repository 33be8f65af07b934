// A task that looks for the API key: everything that it sees is the output `found`.

import { listConnections } from "orchestra:process/connections@0.1.0";
import { Reporter } from "orchestra:process/lifecycle@0.1.0";
import { getArguments, getEnvironment, initialCwd } from "wasi:cli/environment@0.2.12";
import { getStdin } from "wasi:cli/stdin@0.2.12";
import { getDirectories } from "wasi:filesystem/preopens@0.2.12";
import { handle } from "wasi:http/outgoing-handler@0.2.12";
import { Fields, OutgoingRequest } from "wasi:http/types@0.2.12";
import { instanceNetwork } from "wasi:sockets/instance-network@0.2.12";
import { createTcpSocket } from "wasi:sockets/tcp-create-socket@0.2.12";

// A stream is read at most this many times, and at most this much of it each time.
const READS = 16;
const READ_BYTES = 65536n;

// The bindings make no class of a resource without methods, and look for it all the same, among globals of their own. This
// is the Function of those: https://github.com/bytecodealliance/ComponentizeJS/issues/221
instanceNetwork.constructor("globalThis.import_network_0_2_12$Network = class {}")();

export const task = {
  run(process, input) {
    const { url, address } = JSON.parse(input);
    const variables = getEnvironment();
    const found = [input, variables, getArguments(), initialCwd(), listConnections(variables)];
    found.push(attempt(() => text(getStdin().blockingRead(READ_BYTES))));
    // A folder that jco gives cannot itself be listed, only what is opened below it.
    for (const [folder, name] of getDirectories()) found.push(name, files(open(folder, ".")));
    found.push(attempt(() => Reporter.fromEnvironment(variables) && "a reporter"));
    found.push(Object.getOwnPropertyNames(globalThis), attempt(() => globalThis.process.env));
    if (url) found.push(reach(() => answer(url), "no answer: "));
    if (address) found.push(reach(() => connection(address), "no connection: "));
    process.setOutput("found", JSON.stringify(JSON.stringify(found)));
  },
};

function files(folder) {
  const found = [];
  const entries = folder.readDirectory();
  for (let entry; (entry = entries.readDirectoryEntry()); ) {
    const path = entry.name;
    if (entry.type === "directory") {
      found.push(path, files(open(folder, path)));
    } else {
      const [bytes] = folder.openAt({}, path, {}, { read: true }).read(1048576n, 0n);
      found.push(path, text(bytes));
    }
  }
  return found;
}

function open(folder, path) {
  return folder.openAt({}, path, { directory: true }, { read: true });
}

function answer(url) {
  const [, authority, path] = /^http:\/\/([^/]+)(.*)$/.exec(url);
  const request = new OutgoingRequest(new Fields());
  request.setScheme({ tag: "HTTP" });
  request.setAuthority(authority);
  request.setPathWithQuery(path);
  const pending = handle(request, undefined);
  pending.subscribe().block();
  const { tag, val } = pending.get().val;
  if (tag === "err") throw { payload: val };
  const headers = val.headers().entries().map(([name, value]) => [name, text(value)]);
  return ["answered", val.status(), headers, heard(val.consume().stream())];
}

function connection(address) {
  const [host, port] = address.split(":");
  const socket = createTcpSocket("ipv4");
  const remote = { tag: "ipv4", val: { address: host.split(".").map(Number), port: Number(port) } };
  socket.startConnect(instanceNetwork(), remote);
  socket.subscribe().block();
  const [stream] = socket.finishConnect();
  const found = ["connected", heard(stream)];
  // A socket that is only let go stays open until it is collected.
  socket.shutdown("both");
  return found;
}

function heard(stream) {
  const pieces = [];
  try {
    for (let reads = 0; reads < READS; reads++) pieces.push(text(stream.blockingRead(READ_BYTES)));
  } catch (error) {
    // The end of a stream is an error, too.
    pieces.push(error.payload);
  }
  return pieces;
}

// What WASI refuses is found, too. What else goes wrong is a fault of this task.
function reach(look, refused) {
  try {
    return look();
  } catch (error) {
    if (error.payload === undefined) throw error;
    return refused + JSON.stringify(error.payload);
  }
}

function attempt(look) {
  try {
    return look();
  } catch (error) {
    return JSON.stringify(error.payload ?? String(error));
  }
}

function text(bytes) {
  return new TextDecoder().decode(bytes);
}

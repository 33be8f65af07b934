// A task that looks for the API key: everything that it sees is the output `found`.

import { listConnections } from "orchestra:process/connections@0.1.0";
import { Reporter } from "orchestra:process/lifecycle@0.1.0";
import { getArguments, getEnvironment, initialCwd } from "wasi:cli/environment@0.2.12";
import { getStdin } from "wasi:cli/stdin@0.2.12";
import { getDirectories } from "wasi:filesystem/preopens@0.2.12";

export const task = {
  run(process, input) {
    const variables = getEnvironment();
    const found = [input, variables, getArguments(), initialCwd(), listConnections(variables)];
    found.push(attempt(() => text(getStdin().blockingRead(65536n))));
    // A folder that jco gives cannot itself be listed, only what is opened below it.
    for (const [folder, name] of getDirectories()) found.push(name, files(open(folder, ".")));
    found.push(attempt(() => Reporter.fromEnvironment(variables) && "a reporter"));
    found.push(Object.getOwnPropertyNames(globalThis), attempt(() => globalThis.process.env));
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

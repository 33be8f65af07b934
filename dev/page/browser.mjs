// Starts a server and Chromium.
//
// Environment: SERVE, the built example `serve`; PLAYWRIGHT, the folder that playwright-core is installed in; CHROMIUM.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { chromium } = createRequire(`${process.env.PLAYWRIGHT}/`)("playwright-core");

/** Without these, Chromium sends requests of its own. */
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM, headless: true, args: QUIET });

/** Arguments: port, fail rate, delay in milliseconds. */
export async function serve(...args) {
  const child = spawn(process.env.SERVE, args, { stdio: ["pipe", "pipe", "inherit"] });
  const [first] = await once(createInterface({ input: child.stdout }), "line");
  const stop = async () => {
    if (child.exitCode !== null) return;
    const exit = once(child, "exit");
    child.stdin.end();
    await exit;
  };
  return { url: first.replace("# ", ""), stop };
}

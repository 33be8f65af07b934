// Takes a picture of the page with some runs on it: `make picture`. Argument: the file.

import { launch, serve } from "./browser.mjs";
import { log, output, post, update } from "./reports.mjs";

const pause = (ms) => new Promise((over) => setTimeout(over, ms));
const server = await serve();
const browser = await launch();

// The same step again is a retry.
const keys = new Map();
const keyOf = (step) => keys.get(step) ?? keys.set(step, crypto.randomUUID()).get(step);

/** A run of a task: bodies to post, and pauses in milliseconds. */
async function run(name, ...steps) {
  const id = crypto.randomUUID();
  await post(server.url, update(id, "RUNNING", `${name} started.`));
  for (const step of steps) {
    if (typeof step === "number") await pause(step);
    else await post(server.url, step[0](id, ...step.slice(1)), { idempotency: keyOf(step) });
  }
}

try {
  await run("load-orders", 240, [output, "rows", 18250], 160, [log, "load.log", "5 files read\n"], 200, [update, "SUCCEEDED", "load-orders succeeded."]);
  await run("check-prices", 300, [update, "FAILED", "check-prices failed. Error: prices.csv, line 412: “12,5o” is not a number"], 90,
    [update, "SUCCEEDED", "check-prices succeeded."], 60, [output, "checked", 411]);
  const joined = [update, "RUNNING", "Customers joined", { rows: 9120 }];
  await run("build-report", 350, joined, 120, joined, 280, [output, "customers", 9120], 90,
    [output, "total", { currency: "EUR", net: 184223.5 }], 260, [log, "report.log", "joined 9120 customers\n2 have no region\n"], 180,
    [update, "WARNING", "2 customers have no region"]);
  await run("send-invoices", 10, [update, "RUNNING", "120 of 9120 sent"]);
  const page = await browser.newPage({ viewport: { width: 1100, height: 790 } });
  await page.goto(server.url);
  await page.locator("#runs a", { hasText: "build-report" }).click();
  await page.locator("summary", { hasText: "2 customers have no region" }).waitFor();
  await page.evaluate(() => document.activeElement.blur());
  await page.screenshot({ path: process.argv[2] });
} finally {
  await browser.close();
  await server.stop();
}

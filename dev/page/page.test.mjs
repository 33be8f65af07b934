// The page in headless Chromium, fed by a real server: `make test-page`.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { launch, serve } from "./browser.mjs";
import { log, output, post, update } from "./reports.mjs";

const PATIENCE_MS = 10_000;
const PHONE = { width: 360, height: 740 };
const JOBS = { path: "/jobs/sdk/sdk_receive?clientid=acme" };

let browser, server, page, outside;

before(async () => {
  browser = await launch();
});

after(() => browser.close());

beforeEach(async () => {
  server = await serve();
  page = await open();
});

afterEach(async () => {
  await page.context().close();
  await server.stop();
});

async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  outside = [];
  const opened = await context.newPage();
  opened.on("request", (request) => request.url().startsWith(server.url) || request.url().startsWith("data:") || outside.push(request.url()));
  opened.on("pageerror", (error) => outside.push(String(error)));
  await opened.goto(server.url);
  await opened.getByText("Live", { exact: true }).waitFor();
  return opened;
}

const send = (...args) => post(server.url, ...args);
const row = (text) => page.locator("#runs a", { hasText: text });
const summary = (text) => page.locator("summary", { hasText: text });

async function finished(name) {
  const run = crypto.randomUUID();
  await send(update(run, "RUNNING", `${name} started.`));
  await send(output(run, "rows", 1200));
  await send(log(run, "run.log", "first line\nsecond line"));
  await send(update(run, "SUCCEEDED", `${name} succeeded.`));
  return run;
}

test("an empty page shows the variables to set", async () => {
  const text = await page.locator("#environment").textContent();
  assert.match(text, new RegExp(`ORCHESTRA_WEBHOOK_URL=${server.url}\n`));
  assert.match(text, /ORCHESTRA_TASK_RUN_ID=[0-9a-f-]{36}$/);
});

test("a run appears, and changes, while the page is open", async () => {
  const run = crypto.randomUUID();
  await send(update(run, "RUNNING", "etl started."));
  await row("etl").getByText("RUNNING").waitFor();
  await page.locator("#title", { hasText: "etl" }).waitFor();

  await send(update(run, "FAILED", "disk full"));

  await row("etl").getByText("FAILED").waitFor();
  await summary("disk full").waitFor();
  assert.equal(await page.locator("#news").textContent(), "etl: failed");
});

test("a reload shows the same events", async () => {
  await finished("etl");
  await summary("etl succeeded.").waitFor();
  const before = await page.locator("#events").innerText();
  await page.reload();
  await summary("etl succeeded.").waitFor();
  assert.equal(await page.locator("#events").innerText(), before);
});

test("the timeline has a lane for each kind, in the order of time", async () => {
  await finished("etl");
  await summary("etl succeeded.").waitFor();
  assert.deepEqual(await page.locator("#timeline .lane-name").allTextContents(), ["status", "outputs", "logs"]);
  const centre = async (number) => {
    const box = await page.locator(`#timeline [data-event="${number}"]`).boundingBox();
    return box.x + box.width / 2;
  };
  const places = [await centre(1), await centre(2), await centre(3), await centre(4)];
  assert.deepEqual(places, places.toSorted((a, b) => a - b));
  assert.ok(places[3] - places[0] > 300, `from end to end: ${places}`);
  assert.match(await page.locator("#timeline").getAttribute("aria-label"), /^4 events in .*, succeeded/);
});

test("a mark of the time line leads to its event", async () => {
  await finished("etl");
  await page.locator('#timeline [data-event="3"]').click();
  assert.ok(await page.locator("#event-3").getAttribute("open") !== null);
  assert.equal(await page.evaluate(() => document.activeElement.parentElement.id), "event-3");
});

test("outputs, logs and data are shown, digit for digit", async () => {
  const run = crypto.randomUUID();
  await send(`{"event_type":"UPDATE_STATUS","task_run_id":"${run}","status":"RUNNING","message":"m","metadata":{"big":12345678901234567890.10}}`);
  await send(output(run, "rows", [1, 2]));
  await send(log(run, "run.log", "a <b>\nc"));
  await page.locator("#outputs dt", { hasText: "rows" }).waitFor();
  await page.locator("#logs pre", { hasText: "a <b>" }).waitFor();
  assert.equal(await page.locator("#outputs pre").textContent(), "[\n  1,\n  2\n]");

  await summary("RUNNING").click();

  assert.match(await page.locator("#event-1 pre").textContent(), /"big": 12345678901234567890\.10/);
  assert.match(await page.locator("#event-1 .body").innerText(), /key\s+present/);
  assert.ok(!(await page.content()).includes("dev-key-123"));
});

test("a broken rule is a warning, on the run and on the event", async () => {
  const run = await finished("etl");
  await send(update(run, "FAILED", "too late"));
  await send(output(run, "late", 1));
  await page.locator("#warnings li").nth(1).waitFor();
  assert.deepEqual(await page.locator("#warnings li").allInnerTexts(), [
    "event 5Warning This report came after the end. The run had already ended as SUCCEEDED.",
    "event 6Warning This output came after the end. The run had already ended as SUCCEEDED. The report was refused.",
  ]);
  await row("etl").getByText("2 warnings").waitFor();
  await summary("late = 1").getByText("Not accepted: 409").waitFor();
  assert.equal(await page.locator("#state").textContent(), "SUCCEEDED");
});

test("a report without a run id is shown, too", async () => {
  assert.equal(await send("not json"), 400);
  await row("No run id").waitFor();
  await page.locator("#warnings", { hasText: "The body is not a JSON object" }).waitFor();
});

test("the jobs protocol is shown as the webhook is", async () => {
  const run = crypto.randomUUID();
  const report = (status, stage) => ({ custom_data: {}, function: "export", message: "", status, stage, correlation_id: run, logid: crypto.randomUUID() });
  for (const step of [["Running", "export"], ["Stage passed", "Load"], ["Complete", "Process"]]) assert.equal(await send(report(...step), JOBS), 200);
  await row("export").getByText("SUCCEEDED").waitFor();
  assert.deepEqual(await page.locator("summary .label").allTextContents(), ["Running", "Stage passed", "Complete"]);
});

test("a retried report is one event, with its attempts", async () => {
  const run = crypto.randomUUID();
  for (let attempt = 0; attempt < 3; attempt++) await send(update(run, "RUNNING", "etl started."), { idempotency: "one" });
  await summary("3 attempts").click();
  assert.equal(await page.locator("#events li details").count(), 1);
  // The body is made once the event has opened.
  await page.locator("#event-1 .body ol li").nth(2).waitFor();
  assert.equal(await page.locator("#event-1 .body ol li").count(), 3);
});

test("faults on purpose are announced, and shown on the reports that they hit", async () => {
  const failing = await serve("0", "1", "1");
  try {
    await page.goto(failing.url);
    await page.locator("#misbehaviour", { hasText: "100 % of the reports are answered with 503, and all answers come after 1ms." }).waitFor();
    const run = crypto.randomUUID();
    assert.equal(await post(failing.url, update(run, "RUNNING", "etl started.")), 503);
    await summary("Not accepted: 503").click();
    assert.match(await page.locator("#event-1 .body").innerText(), /503, on purpose, after 1 ms/);
    await page.locator("#state", { hasText: "WAITING" }).waitFor();
  } finally {
    await failing.stop();
  }
});

test("markup in what clients send is text", async () => {
  const run = crypto.randomUUID();
  const evil = `<script>window.struck = 1</script><img src=x onerror="window.struck = 1">`;
  await send(update(run, "RUNNING", `${evil} started.`, { [evil]: evil }));
  await send(output(run, "rows", evil));
  await send(log(run, evil, evil));
  await send(update(evil, evil, evil));
  await row("No run id").or(row(evil)).first().waitFor();
  for (const each of [row(evil).first(), row(evil).last()]) {
    await each.click();
    for (const event of await page.locator("summary").all()) await event.click();
    assert.ok((await page.locator("#detail").innerText()).includes(evil));
  }
  assert.equal(await page.evaluate(() => window.struck), undefined);
  assert.equal(await page.locator("script").count(), 1);
  assert.equal(await page.locator("img").count(), 0);
});

test("the policy stops markup that gets past the script", async () => {
  const got = await page.evaluate(() => {
    try {
      document.body.insertAdjacentHTML("beforeend", "<img src=x>");
      return "in";
    } catch (error) {
      return error.name;
    }
  });
  assert.equal(got, "TypeError");
});

test("runs and events are reached by keyboard", async () => {
  await finished("first");
  await finished("second");
  await finished("third");
  await row("third").getByText("SUCCEEDED").waitFor();
  await row("third").focus();

  await page.keyboard.press("ArrowDown");
  await page.locator("#title", { hasText: "second" }).waitFor();
  await page.keyboard.press("End");
  await page.locator("#title", { hasText: "first" }).waitFor();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");

  assert.ok(await page.locator("#event-2").getAttribute("open") !== null);
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid", "the focus is visible");
  await page.keyboard.press("ArrowLeft");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-current")), "true");
});

test("one Tab goes past all runs", async () => {
  await finished("first");
  await finished("second");
  await row("second").getByText("SUCCEEDED").waitFor();
  assert.equal(await page.locator('#runs a[tabindex="0"]').count(), 1);
});

test("an open event stays open and focused while more events come", async () => {
  const run = await finished("etl");
  await summary("etl started.").click();
  await send(log(run, "more.log", "x"));
  await summary("more.log").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.parentElement.id), "event-1");
  assert.ok(await page.locator("#event-1 .body").isVisible());
});

test("the newest run is followed until another one is selected", async () => {
  await finished("first");
  await finished("second");
  await page.locator("#title", { hasText: "second" }).waitFor();
  await row("first").click();
  await finished("third");
  await row("third").waitFor();
  assert.equal(await page.locator("#title").textContent(), "first");
  await page.getByLabel("Follow the newest").check();
  await page.locator("#title", { hasText: "third" }).waitFor();
});

test("a page outlives its server, and shows what the next one knows", async () => {
  await finished("before");
  await row("before").getByText("SUCCEEDED").waitFor();
  await server.stop();
  await page.getByText("Reconnecting").waitFor();

  server = await serve(new URL(server.url).port);
  await finished("after");

  await row("after").getByText("SUCCEEDED").waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  assert.equal(await row("before").count(), 0);
  await page.locator("#title", { hasText: "after" }).waitFor();
});

for (const scheme of ["light", "dark"]) {
  test(`${scheme} colours have enough contrast`, async () => {
    await page.emulateMedia({ colorScheme: scheme });
    const run = await finished("etl");
    await send(output(run, "late", 1));
    await page.locator("#warnings li").waitFor();
    const poor = await page.evaluate(poorContrast);
    assert.deepEqual(poor, []);
    const [red] = (await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).match(/\d+/g);
    assert.equal(red > 128, scheme === "light");
  });
}

// WCAG 2.2, 1.4.3: 4.5 to 1. Runs in the page.
function poorContrast() {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const paint = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    const text = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
    if (!text || !node.checkVisibility() || ["SCRIPT", "STYLE"].includes(node.tagName)) continue;
    const behind = [];
    for (let at = node; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    const back = luminance(paint(behind));
    const front = luminance(paint([...behind, getComputedStyle(node).color]));
    const ratio = (Math.max(back, front) + 0.05) / (Math.min(back, front) + 0.05);
    if (ratio < 4.5) poor.push(`${node.className || node.tagName} ${ratio.toFixed(2)}`);
  }
  return poor;
}

test("a phone scrolls in one direction only", async () => {
  await page.context().close();
  page = await open({ viewport: PHONE });
  const run = await finished("a-task-with-a-name-that-is-longer-than-any-phone-is-wide-and-has-no-space");
  await send(output(run, "late", 1));
  await page.locator("#warnings li").waitFor();
  for (const event of await page.locator("summary").all()) await event.click();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.equal(wide, PHONE.width);
  const cut = await page.locator("#detail, #runs a, summary").evaluateAll((all) => all.filter((each) => each.getBoundingClientRect().right > innerWidth).length);
  assert.equal(cut, 0);
});

test("a screen reader finds landmarks and headings", async () => {
  await finished("etl");
  await page.getByRole("navigation", { name: /^Runs/ }).waitFor();
  await page.getByRole("main").waitFor();
  await page.getByRole("article", { name: "etl" }).waitFor();
  await page.getByRole("img", { name: /events in/ }).waitFor();
  for (const name of ["Timeline", "Outputs", "Logs", "Events"]) await page.getByRole("region", { name, exact: true }).waitFor();
});

test("the page sends no request to another server", async () => {
  await finished("etl");
  await summary("etl succeeded.").waitFor();
  assert.deepEqual(outside, []);
});

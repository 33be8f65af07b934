// Adds up the orders of each region.

import { getDirectories } from "wasi:filesystem/preopens@0.2.12";

export const task = {
  run(process, input) {
    try {
      addUp(process, JSON.parse(input).file);
    } catch (error) {
      // Anything thrown but a text is a trap, which nobody can report.
      throw String(error.message ?? error);
    }
  },
};

function addUp(process, file) {
  if (file === undefined) throw new Error("the input names no file");
  const [header, ...rows] = read(file).trimEnd().split("\n");
  attempt(() => process.progress(`${file} read`, JSON.stringify({ rows: rows.length })));

  const byRegion = {};
  for (const [index, row] of rows.entries()) {
    const place = `${file}, line ${index + 2}`;
    const [order, region, amount, ...more] = row.split(",");
    if (amount === undefined || more.length > 0) throw new Error(`${place}: expected order,region,amount`);
    if (!/^[0-9]+$/.test(amount)) throw new Error(`${place}: amount "${amount}" is not a number`);
    byRegion[region] = (byRegion[region] ?? 0) + Number(amount);
  }
  const regions = Object.entries(byRegion).sort();
  process.setOutput("rows", String(rows.length));
  process.setOutput("total", String(regions.reduce((total, [, sum]) => total + sum, 0)));
  process.setOutput("by-region", JSON.stringify(Object.fromEntries(regions)));
  attempt(() => process.sendLog("orders.log", regions.map(([region, sum]) => `${region}: ${sum}\n`).join("")));
}

// No report stops the work: whoever runs this task lists at its end what did not arrive.
function attempt(report) {
  try {
    report();
  } catch {}
}

// JavaScript has no files of its own, so this asks WASI for them.
function read(file) {
  try {
    const [[folder]] = getDirectories();
    const descriptor = folder.openAt({ symlinkFollow: true }, file, {}, { read: true });
    const [bytes] = descriptor.read(descriptor.stat().size, 0n);
    return new TextDecoder().decode(bytes);
  } catch {
    throw new Error(`${file} cannot be read`);
  }
}

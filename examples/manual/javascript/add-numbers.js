// Adds the numbers that it is called with, and reports its run to Orchestra.

import { getArguments, getEnvironment } from "wasi:cli/environment@0.2.12";
import { Reporter } from "orchestra:process/lifecycle@0.1.0";

export const run = {
  run() {
    const variables = getEnvironment();
    const runId = Object.fromEntries(variables).ORCHESTRA_TASK_RUN_ID;
    const process = Reporter.fromEnvironment(variables).open(runId, "add-numbers");
    process.start(undefined, undefined);
    let total;
    try {
      total = add(process);
    } catch (error) {
      process.fail(error.message, undefined);
      throw error;
    }
    process.setOutput("total", String(total));
    process.sendLog("add-numbers.log", `The total is ${total}.\n`);
    process.complete(undefined, undefined);
  },
};

function add(process) {
  let total = 0;
  for (const [index, number] of getArguments().slice(1).entries()) {
    if (!/^[0-9]+$/.test(number)) throw new Error(`"${number}" is not a number`);
    total += Number(number);
    try {
      process.progress(`${index + 1} added`, undefined);
    } catch {
      // The work goes on if this is not acknowledged in time: it is kept, and goes out before the next report.
    }
  }
  return total;
}

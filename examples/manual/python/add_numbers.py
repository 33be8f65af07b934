"""Adds the numbers that it is called with, and reports its run to Orchestra."""

from contextlib import suppress

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.environment import get_arguments, get_environment
from wit_world.imports.lifecycle import Process, Reporter


class Run(exports.Run):
    def run(self) -> None:
        variables = get_environment()
        run_id = dict(variables)["ORCHESTRA_TASK_RUN_ID"]
        process = Reporter.from_environment(variables).open(run_id, "add-numbers")
        process.start(None, None)
        try:
            total = add(process)
        except ValueError as error:
            process.fail(str(error), None)
            raise Err(None) from error
        process.set_output("total", str(total))
        process.send_log("add-numbers.log", f"The total is {total}.\n")
        process.complete(None, None)


def add(process: Process) -> int:
    total = 0
    for index, number in enumerate(get_arguments()[1:]):
        if not number.isdecimal():
            raise ValueError(f'"{number}" is not a number')
        total += int(number)
        # The work goes on if this is not acknowledged in time: it is kept, and goes out before the next report.
        with suppress(Err):
            process.progress(f"{index + 1} added", None)
    return total

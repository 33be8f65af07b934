"""Adds up the orders of each region."""

import csv
import json
from collections import Counter
from contextlib import suppress

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.lifecycle import Process


class Task(exports.Task):
    def run(self, process: Process, input: str) -> None:
        try:
            add_up(process, json.loads(input).get("file"))
        except Exception as error:
            # Any other exception than an Err with a text is a trap, which nobody can report.
            raise Err(str(error)) from error


def add_up(process: Process, file: str | None) -> None:
    if file is None:
        raise ValueError("the input names no file")
    try:
        with open(file, newline="") as text:
            _header, *rows = csv.reader(text)
    except OSError as error:
        raise ValueError(f"{file} cannot be read") from error
    # No report stops the work: whoever runs this task lists at its end what did not arrive.
    with suppress(Err):
        process.progress(f"{file} read", f'{{"rows":{len(rows)}}}')

    by_region: Counter[str] = Counter()
    for line, row in enumerate(rows, start=2):
        if len(row) != 3:
            raise ValueError(f"{file}, line {line}: expected order,region,amount")
        _order, region, amount = row
        if not amount.isdecimal():
            raise ValueError(f'{file}, line {line}: amount "{amount}" is not a number')
        by_region[region] += int(amount)
    process.set_output("rows", json.dumps(len(rows)))
    process.set_output("total", json.dumps(by_region.total()))
    process.set_output("by-region", json.dumps(by_region, sort_keys=True, separators=(",", ":")))
    with suppress(Err):
        process.send_log("orders.log", "".join(f"{region}: {sum}\n" for region, sum in sorted(by_region.items())))

"""A task that looks for the API key: everything that it sees is the output `found`."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import connections
from wit_world.imports.lifecycle import Process, Reporter


class Task(exports.Task):
    def run(self, process: Process, input: str) -> None:
        variables = list(os.environ.items())
        found = [input, str(variables), str(sys.argv), sys.stdin.read()]
        # A folder that is the whole machine's is too much to read: then the input names a file.
        file = json.loads(input).get("file")
        found += read([file]) if file else read(files())
        found.append(str(connections.list_connections(variables)))
        try:
            found.append(str(Reporter.from_environment(variables)))
        except Err as error:
            found.append(f"no reporter: {error.value}")
        process.set_output("found", json.dumps("\n".join(found)))


def files() -> Iterator[str]:
    for root in ("/", "."):
        for folder, _, names in os.walk(root):
            yield from (os.path.join(folder, name) for name in names)


def read(paths: Iterator[str] | list[str]) -> Iterator[str]:
    for path in paths:
        with suppress(OSError), open(path, errors="replace") as text:
            yield f"{path}: {text.read()}"

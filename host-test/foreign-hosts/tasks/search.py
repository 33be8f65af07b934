"""A task that looks for the API key: everything that it sees is the output `found`."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import connections
from wit_world.imports.lifecycle import Process, Reporter
from wit_world.imports.outgoing_handler import handle
from wit_world.imports.wasi_http_types import Fields, IncomingResponse, OutgoingRequest, Scheme_Http

# An answer's body is read at most this many times.
READS = 16
# At most this much is read each time, of a body or from a connection.
READ_BYTES = 65536
# It waits at most this long for something to come on a connection.
HEARD_SECONDS = 10


class Task(exports.Task):
    def run(self, process: Process, input: str) -> None:
        asked = json.loads(input)
        variables = list(os.environ.items())
        found = [input, str(variables), str(sys.argv), sys.stdin.read()]
        # A folder that is the whole machine's is too much to read: then the input names a file.
        file = asked.get("file")
        found += read([file]) if file else read(files())
        found.append(str(connections.list_connections(variables)))
        try:
            found.append(str(Reporter.from_environment(variables)))
        except Err as error:
            found.append(f"no reporter: {error.value}")
        if "url" in asked:
            found.append(answer(asked["url"]))
        if "address" in asked:
            found.append(connection(asked["address"]))
        process.set_output("found", json.dumps("\n".join(found)))


def files() -> Iterator[str]:
    for root in ("/", "."):
        for folder, _, names in os.walk(root):
            yield from (os.path.join(folder, name) for name in names)


def read(paths: Iterator[str] | list[str]) -> Iterator[str]:
    for path in paths:
        with suppress(OSError), open(path, errors="replace") as text:
            yield f"{path}: {text.read()}"


def answer(url: str) -> str:
    parts = urlsplit(url)
    request = OutgoingRequest(Fields())
    request.set_scheme(Scheme_Http())
    request.set_authority(parts.netloc)
    request.set_path_with_query(parts.path)
    try:
        pending = handle(request, None)
        with pending.subscribe() as arrives:
            arrives.block()
        response = pending.get().value
    except Err as error:
        return f"no answer: {error.value}"
    if isinstance(response, Err):
        return f"no answer: {response.value}"
    with response.value as response:
        return f"answered {response.status()} {response.headers().entries()} {body(response)}"


def body(response: IncomingResponse) -> bytes:
    heard = b""
    # The end of the body is an error, too.
    with suppress(Err), response.consume() as incoming, incoming.stream() as stream:
        for _ in range(READS):
            heard += stream.blocking_read(READ_BYTES)
    return heard


def connection(address: str) -> str:
    host, port = address.split(":")
    try:
        with socket.socket() as stream:
            stream.settimeout(HEARD_SECONDS)
            stream.connect((host, int(port)))
            return f"connected: {stream.recv(READ_BYTES)}"
    except OSError as error:
        return f"no connection: {error}"

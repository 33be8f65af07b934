"""Drives orchestra-sdk 0.0.9: a method for each step of the table."""

import types

from orchestra_sdk.http.http import simpleHTTP
from orchestra_sdk.orcProcess.orcProcess import orcProcess

FUNCTION = "run_example_process"


class Driver:
    def __init__(self, endpoint_url):
        # The package has http://localhost:8000 written into it.
        def to_endpoint(client, _base_url):
            client.base_url, client.headers, client.parameters = endpoint_url, None, None

        simpleHTTP.__init__ = to_endpoint
        self._process = None

    def orcProcess(self, correlation_id, credentials, function=FUNCTION):
        self._process = _called_from(function)(orcProcess, correlation_id, credentials)
        return True

    def sendFailure(self, **arguments):
        return self._send(self._process.sendFailure, **arguments)

    def sendCompletion(self, **arguments):
        return self._send(self._process.sendCompletion, **arguments)

    def sendStageComplete(self, **arguments):
        return self._send(self._process.sendStageComplete, **arguments)

    @staticmethod
    def _send(method, function=FUNCTION, **arguments):
        result = _called_from(function)(method, **arguments)
        # For the recorder, which looks for the key in all that is said. This package says it in what it returns.
        print(result)
        return 200 <= result["status_code"] < 300


def _called_from(name):
    """The package looks up the name of the function that calls it: this is a function of that name."""

    def call(callee, *arguments, **named):
        return callee(*arguments, **named)

    return types.FunctionType(call.__code__.replace(co_name=name), globals())

"""Drives orchestra-sdk 0.2.0: a method for each step of the table."""

import json
import os
from pathlib import Path

from orchestra_sdk.enum import TaskRunStatus
from orchestra_sdk.errors import LinkedConnectionNotFoundError
from orchestra_sdk.http import HTTPClient
from orchestra_sdk.orchestra import OrchestraSDK

# How often it tries is recorded, not how long it waits in between.
HTTPClient._make_request.retry.sleep = lambda seconds: None


class Driver:
    def __init__(self, endpoint_url):
        self._endpoint_url = endpoint_url
        self._sdk = OrchestraSDK(api_key=os.environ.get("ORCHESTRA_API_KEY"))

    def update_task(self, status, **arguments):
        return self._sdk.update_task(TaskRunStatus[status], **arguments)

    def set_output(self, name, value):
        return self._sdk.set_output(name, value)

    def send_log(self, name, text):
        """As the decorator does after the task, from a file that holds exactly `text`."""
        self._write_log(name, text)
        self._sdk._send_log_file()
        return True

    def run(self, function, steps=(), raises=None, exits=False, log=None):
        def task():
            for step in steps:
                for call, arguments in step.items():
                    getattr(self, call)(**arguments)
            if exits:
                raise SystemExit(3)
            if raises is not None:
                raise RuntimeError(raises)

        task.__name__ = function
        if log:
            self._write_log(**log)
            self._sdk.send_logs = True
        self._sdk.run()(task)()
        return True

    def configure_aws_lambda_event(self, **event):
        event["orchestra_webhook_url"] = event["orchestra_webhook_url"].replace("{endpoint}", self._endpoint_url)
        self._sdk.configure_aws_lambda_event(event)
        return True

    def list_linked_connections(self):
        return [_connection(connection) for connection in self._sdk.list_linked_connections()]

    def get_linked_connection(self, integration, connection_id=None):
        try:
            return _connection(self._sdk.get_linked_connection(integration, connection_id))
        except LinkedConnectionNotFoundError as error:
            text = str(error)
            if not text.startswith("Several "):
                return "not linked"
            return {"several": text[text.index("(") + 1 : text.index(")")].split(", ")}

    def get_field(self, integration, field, connection_id=None):
        value = self._sdk.get_linked_connection(integration, connection_id).get(field)
        return None if value is None else _value(value)

    def _write_log(self, name, text):
        Path(name).write_bytes(text.encode())
        self._sdk.log_file = name


def _connection(connection):
    return {
        "integration": connection.integration,
        "connection_id": connection.connection_id,
        "fields": {name: _value(value) for name, value in connection.fields.items()},
    }


def _value(value):
    if isinstance(value, str):
        return {"text": value}
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        # Python's parser takes NaN and Infinity, which are no JSON, and no recording could hold them.
        return {"python": repr(value)}
    return {"json": value}

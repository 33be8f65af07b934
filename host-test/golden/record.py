"""Records what a published orchestra-sdk does in each scenario of scenarios.json.

    python record.py 0.2.0    # with the packages of requirements-0.2.0.txt

Writes recordings/0.2.0/, and removes from there what the table has no scenario for. Only loopback is contacted.
"""

import contextlib
import hashlib
import importlib
import importlib.metadata
import io
import json
import logging
import os
import re
import sys
import tempfile
import time
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

from endpoint import Endpoint

HERE = Path(__file__).resolve().parent
DRIVERS = {"0.0.9": "jobs", "0.2.0": "webhook"}
HEADERS = ["authorization", "content-type", "idempotency-key"]
# A longer text is recorded by its hash.
LONGEST_TEXT = 1000
# The clock is read once more after the SDK has read it.
CLOCK_TOLERANCE = timedelta(minutes=1)


def main(version):
    installed = importlib.metadata.version("orchestra-sdk")
    if installed != version:
        sys.exit(f"record.py: orchestra-sdk {installed} is installed, not {version}")
    # Far from UTC, so that local time shows.
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    table = json.loads((HERE / "scenarios.json").read_text("utf-8"))
    driver = importlib.import_module(DRIVERS[version]).Driver
    folder = HERE / "recordings" / version
    folder.mkdir(parents=True, exist_ok=True)
    stale = set(folder.glob("*.json"))
    with Endpoint() as endpoint, tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        for scenario in table["scenarios"]:
            if scenario["sdk"] != version:
                continue
            recording = record(scenario, table["env"], driver, endpoint, scratch)
            path = folder / f"{scenario['name']}.json"
            path.write_text(json.dumps(recording, indent=2) + "\n", "utf-8")
            stale.discard(path)
        os.chdir(HERE)
    for path in stale:
        path.unlink()


def record(scenario, default_env, driver, endpoint, home):
    env = {name: value for name, value in {**default_env, **scenario.get("env", {})}.items() if value is not None}
    os.environ.clear()
    # No proxy, no .netrc: nothing of this machine.
    os.environ.update(TZ="Asia/Tokyo", HOME=home)
    os.environ.update({name: value.replace("{endpoint}", endpoint.url) for name, value in env.items()})
    endpoint.script(scenario.get("answers", [{"status": 200}]))
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    log = logging.getLogger("orchestra_sdk")
    log.setLevel(logging.DEBUG)
    log.propagate = False
    log.addHandler(handler)
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        driver = driver(endpoint.url)
        results = [take(driver, step, said) for step in scenario["steps"]]
    log.removeHandler(handler)
    return {
        "requests": [masked_request(request) for request in endpoint.requests],
        "results": results,
        "key_shown": any(word in said.getvalue() for word in words_of_keys(scenario, env)),
    }


def take(driver, step, said):
    """What the SDK's call returned, or the exception that it raised."""
    [(call, arguments)] = step.items()
    try:
        return getattr(driver, call)(**expanded(arguments))
    except (Exception, SystemExit) as error:
        said.write(str(error))
        return {"raised": type(error).__name__}


def expanded(value):
    """{"repeat": TEXT, "times": N} stands for a long text, wherever it is."""
    if isinstance(value, dict):
        if value.keys() == {"repeat", "times"}:
            return value["repeat"] * value["times"]
        return {name: expanded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [expanded(inner) for inner in value]
    return value


def words_of_keys(scenario, env):
    """The API keys of a scenario, in pieces without white space: an error may show that as escapes."""
    steps = [arguments for step in scenario["steps"] for arguments in step.values()]
    credentials = [arguments["credentials"].get("apikey") for arguments in steps if "credentials" in arguments]
    return [word for key in [env.get("ORCHESTRA_API_KEY"), *credentials] if key for word in key.split()]


def masked_request(request):
    headers = {name: request["headers"][name] for name in HEADERS if name in request["headers"]}
    body = json.loads(request["body"]) if request["body"] else None
    return {**request, "headers": headers, "body": masked(body)}


def masked(value, name=None):
    """Without what is another at every run. The order of the keys stays that of the wire."""
    if isinstance(value, dict):
        return {name: masked(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    if name == "timeUTC":
        return masked_time(value)
    if name == "logid":
        return "<uuid>" if str(uuid.UUID(value)) == value else value
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return {"code points": len(value), "sha256": hashlib.sha256(value.encode()).hexdigest()}
    return value


def masked_time(text):
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{6}", text):
        return text
    stated = datetime.fromisoformat(text)
    for zone, now in [("UTC", datetime.now(timezone.utc).replace(tzinfo=None)), ("local time", datetime.now())]:
        if abs(now - stated) < CLOCK_TOLERANCE:
            return f"<{zone}>"
    return text


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in DRIVERS:
        sys.exit(f"usage: record.py {'|'.join(DRIVERS)}")
    main(sys.argv[1])

"""Programs that run for as long as they are needed."""

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

# Longer than anything takes, even on a busy machine.
PATIENCE = 120

# This machine is not behind a proxy.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url, *, form=None, body=None, bearer=None, basic=None):
    """Status, fields and text of an answer."""
    request = urllib.request.Request(url)
    if form is not None:
        request.data = urllib.parse.urlencode(form).encode()
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if bearer is not None:
        request.add_header("Authorization", f"Bearer {bearer}")
    if basic is not None:
        pair = base64.b64encode(":".join(basic).encode()).decode()
        request.add_header("Authorization", f"Basic {pair}")
    try:
        with _opener.open(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode()


def expect(status, *arguments, **named):
    """The JSON of an answer that must have this status."""
    found, _, text = ask(*arguments, **named)
    if found != status:
        raise AssertionError(f"{arguments[0]}: {found} and not {status}: {text}")
    return json.loads(text) if text.startswith(("{", "[")) else text


def free_port():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        return nobody.getsockname()[1]


@contextlib.contextmanager
def running(command, log, **environment):
    """A process, with what it prints to its error output in a file."""
    environment = os.environ | environment
    with open(log, "ab") as errors:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            # Node.js from PyPI is a program that starts another.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end(process, signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            end(process, signal.SIGKILL)
            process.wait()


def end(process, how):
    """Ends it, and what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, how)


def first_line(process):
    line = process.stdout.readline().strip()
    if not line:
        raise AssertionError(f"{process.args[0]} has ended: {process.wait(PATIENCE)}")
    return line


def wait_until_open(port, process):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"{process.args[0]} has ended: {process.returncode}")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"nobody listens at port {port}")

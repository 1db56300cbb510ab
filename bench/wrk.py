"""One run of wrk: requests and a port go in, what it counted comes out.

wrk sends on kept connections, each request when the one before has been answered: what it measures
is how much a server can do, and how long requests take when it does all it can. All peers get the
same script with the same requests.
"""

from __future__ import annotations

import json
import resource
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.processes import running_on
from bench.programs import find_program

CONNECTIONS = 32

# Threads begin at different places of the list.
READ = r"""
local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end
function init(args)
  local file = assert(io.open(args[1], "rb"))
  local text = file:read("*a")
  file:close()
  requests = {}
  for one in text:gmatch("([^%z]+)%z") do requests[#requests + 1] = one end
  at = (number * 977) % #requests
  wrk.format = function() return requests[1] end
end
"""
# Without this function wrk sends what wrk.format gave once, and asks no script for each request.
NEXT = r"""
function request()
  at = at % #requests + 1
  return requests[at]
end
"""
DONE = r"""
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"duration":%d,"bytes":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,' ..
    '"status":%d,"p50":%d,"p90":%d,"p99":%d,"max":%d}\n',
    summary.requests, summary.duration, summary.bytes, e.connect, e.read, e.write, e.timeout,
    e.status, latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end
"""


@dataclass(frozen=True)
class Load:
    """What wrk counted. ``bytes`` has the heads of the answers in it."""

    requests: int
    seconds: float
    bytes: int
    failed: int
    p50_ms: float = 0.0
    p90_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    cpu_seconds: float = 0.0
    """Of wrk itself: near ``seconds``, wrk was what there was not enough of."""

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds if self.seconds else 0.0


def build_request(
    path: str, host: str, fields: Iterable[tuple[str, str]] = (), codings: str = "gzip"
) -> bytes:
    """The head of a GET, with what wrk's two lines have: Host and Accept-Encoding."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", f"Accept-Encoding: {codings}"]
    lines += [f"{name}: {value}" for name, value in fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def run_wrk(
    port: int,
    requests: Sequence[bytes],
    *,
    seconds: float,
    cores: Iterable[int],
    connections: int = CONNECTIONS,
) -> Load:
    """Send these requests over and over for some seconds. Raises RuntimeError with wrk's words."""
    program = find_program("wrk")
    with tempfile.TemporaryDirectory(prefix="sos-wrk-") as folder:
        script, source = Path(folder, "script.lua"), Path(folder, "requests")
        script.write_text(READ + (NEXT if len(requests) > 1 else "") + DONE)
        source.write_bytes(b"".join(one + b"\0" for one in requests))
        # wrk takes whole seconds alone.
        command = [
            program.path, "--threads", "1", "--connections", str(connections),
            "--duration", f"{max(1, round(seconds))}s", "--timeout", "10s",
            "--script", str(script), f"http://127.0.0.1:{port}/", "--", str(source),
        ]  # fmt: skip
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with running_on(cores):
            ran = subprocess.run(
                command,
                env=program.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=seconds + 60,
            )
    if ran.returncode:
        raise RuntimeError(f"wrk: {(ran.stderr or ran.stdout).strip()[:300]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return replace(parse_report(ran.stdout), cpu_seconds=cpu)


def parse_report(text: str) -> Load:
    """What the script wrote at the end. Raises RuntimeError where it is not there."""
    line = next((one for one in reversed(text.splitlines()) if one.startswith("{")), "")
    if not line:
        raise RuntimeError(f"wrk said nothing: {text[:300]}")
    said = json.loads(line)
    return Load(
        requests=said["requests"],
        seconds=said["duration"] / 1e6,
        bytes=said["bytes"],
        failed=sum(said[kind] for kind in ("connect", "read", "write", "timeout", "status")),
        p50_ms=said["p50"] / 1000,
        p90_ms=said["p90"] / 1000,
        p99_ms=said["p99"] / 1000,
        max_ms=said["max"] / 1000,
    )

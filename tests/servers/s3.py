"""S3 over HTTP for the tests: moto's server in a process of its own, and a bucket for each test.

In: nothing. Out: the fixtures `s3`, a running `S3` with an empty bucket, and `aws`, which also
makes this process (and what it starts) use it. moto keeps everything in memory: `S3.restart` and
`S3.kill` lose all objects and buckets, which a real S3 does not do. Faults *between* a client and
S3 are the business of `tests.servers.s3_faults`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import urllib.request
import uuid
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.servers.ports import port_of, reserve_port
from tests.servers.wordpress_process import ServerProcess

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test-access-key", "AWS_SECRET_ACCESS_KEY": "test-secret-key"}


class S3:
    """A server that may be killed, paused and started again on its port; `stop` it in the end."""

    def __init__(self) -> None:
        self._reservation = reserve_port()
        self._folder = tempfile.TemporaryDirectory(prefix="sos-s3-")
        self._process: ServerProcess | None = None
        self.port = port_of(self._reservation)
        self.url = f"http://127.0.0.1:{self.port}"
        self.bucket = ""

    @property
    def bucket_url(self) -> str:
        """What ``SOS_BUCKET`` is set to."""
        return f"s3://{self.bucket}/releases"

    @property
    def environ(self) -> dict[str, str]:
        """What makes an AWS client use this server and nothing of this machine's.

        Without the variables of the developer's own shell: see `aws_environ`.
        """
        return build_environ(self.url)

    def start(self) -> S3:
        """Start it and wait until it answers (about 1 s)."""
        command = [sys.executable, "-P", str(Path(__file__).with_name("s3_process.py"))]
        environment = aws_environ(self.environ)
        self._process = ServerProcess(
            [*command, str(self.port)], Path(self._folder.name) / "log", environment
        )
        self._process.wait_until(lambda: self.answers() or None)
        return self

    def answers(self) -> bool:
        """Whether it answers within a second."""
        try:
            urllib.request.urlopen(f"{self.url}/moto-api/", timeout=1).close()
        except OSError:
            return False
        return True

    def create_bucket(self, name: str = "") -> str:
        """Make a bucket, which is the one of `bucket` and `bucket_url` from now on."""
        self.bucket = name or f"sos-{uuid.uuid4().hex[:20]}"
        self.request("PUT", f"/{self.bucket}")
        return self.bucket

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
        """A request with a signature that only moto takes for one; the body of the answer.

        In names of headers ``_`` stands for ``-``. Raises urllib's HTTPError and URLError.
        """
        with self.open(method, path, body, **headers) as answer:
            content: bytes = answer.read()
            return content

    def open(self, method: str, path: str, body: bytes = b"", **headers: str) -> HTTPResponse:
        """The same with its headers; the caller closes it."""
        scope = f"{CREDENTIALS['AWS_ACCESS_KEY_ID']}/20260101/{REGION}/s3/aws4_request"
        fields = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
            "Content-Type": "application/octet-stream",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        request = urllib.request.Request(f"{self.url}{path}", body or None, fields, method=method)
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=10)
        return answer

    def kill(self) -> None:
        """kill -9: from now on connections are refused; all objects are lost."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.stop()
            self._process = None

    def pause(self) -> None:
        """SIGSTOP: it accepts connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT; harmless when it was not paused."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """End it and start it anew on the same port, empty but for the bucket."""
        self.kill()
        self.start()
        if self.bucket:
            self.create_bucket(self.bucket)

    def ensure_running(self) -> None:
        """Undo what a test did to it."""
        self.resume()
        if not self.answers():
            self.kill()
            self.start()

    def stop(self) -> None:
        """End it, whatever state it is in, and give back its port."""
        self.kill()
        self._reservation.close()
        self._folder.cleanup()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)


def build_environ(endpoint: str) -> dict[str, str]:
    """AWS's variables for an S3 at ``endpoint``: no instance, no files, no proxy."""
    return {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
    }


def aws_environ(environ: dict[str, str]) -> dict[str, str]:
    """This process's environment with AWS's part of it replaced."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | environ


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    """The server of the run; tests take `s3`."""
    server = S3()
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def s3(s3_server: S3) -> S3:
    """A running S3 with an empty bucket that no other test has used; the test may break it."""
    s3_server.ensure_running()
    s3_server.create_bucket()
    return s3_server


@pytest.fixture
def aws(s3: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    """`s3`, which this process and the ones it starts find in their environment."""
    use_environ(monkeypatch, s3.environ)
    return s3


def use_environ(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    """Replace AWS's part of this process's environment until the test ends."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

"""Quick imports leave nothing out for good: certificates are read, rich is there, garbage goes."""

from __future__ import annotations

import gc
import importlib
import platform
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sos.lean import give_back, keep_heap_small, lean_imports

CLIENT = """
import asyncio, ssl, sys
from sos.lean import lean_imports
with lean_imports():
    import aiohttp, structlog
contexts = [v for v in vars(aiohttp.connector).values() if isinstance(v, ssl.SSLContext)]
assert contexts and not any(context.get_ca_certs() for context in contexts)
async def ask():
    async with aiohttp.ClientSession() as session, session.get(sys.argv[1]) as answer:
        print(await answer.text(), len(contexts[0].get_ca_certs()))
try:
    asyncio.run(ask())
except aiohttp.ClientConnectorCertificateError:
    print("refused")
"""


def make_certificate(folder: Path, name: str) -> Path:
    """A certificate of 127.0.0.1 that signed itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


class Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        pass


class QuietServer(HTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that does not trust this server breaks off, as it should."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server with TLS: its URL, and its certificate."""
    file = make_certificate(tmp_path, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with QuietServer(("127.0.0.1", 0), Hello) as httpd:
        httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        try:
            yield f"https://127.0.0.1:{httpd.server_port}/", file
        finally:
            httpd.shutdown()
            thread.join()


def ask(url: str, trusted: Path) -> str:
    """What a process says that imported its client leanly and trusts this certificate alone."""
    environ = {"SSL_CERT_FILE": str(trusted), "SSL_CERT_DIR": str(trusted.parent / "none")}
    command = [sys.executable, "-c", CLIENT, url]
    run = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_certificates_are_read_when_a_connection_begins(server: tuple[str, Path]) -> None:
    """A client that trusts the server's certificate connects, though nothing was read before."""
    url, certificate = server
    assert ask(url, certificate) == "hello 1"


def test_a_server_that_is_not_trusted_is_refused(server: tuple[str, Path], tmp_path: Path) -> None:
    """Late is not never: what the system does not trust is no peer."""
    url, _ = server
    assert ask(url, make_certificate(tmp_path, "other")) == "refused"


def test_all_is_as_before_afterwards() -> None:
    """Also when an import fails: the collector runs, contexts read certificates when made."""
    before = ssl.SSLContext.load_default_certs
    with pytest.raises(ImportError), lean_imports():
        importlib.import_module("sos.there_is_none" if not gc.isenabled() else "sos")
    assert gc.isenabled()
    assert ssl.SSLContext.load_default_certs is before
    assert "set_default_verify_paths" not in vars(ssl.SSLContext)
    assert type(ssl.create_default_context()) is ssl.SSLContext
    gc.unfreeze()


def test_rich_is_there_for_who_wants_it_afterwards() -> None:
    """structlog does without it, and a command that prints tables does not have to."""
    code = (
        "from sos.lean import lean_imports\n"
        "with lean_imports():\n    import structlog\n"
        "assert structlog.dev.rich is None\n"
        "import rich.table\n"
        "with lean_imports():\n    import rich\n"
        "print(rich.table.Table.__name__)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.stdout.strip() == "Table", run.stderr


# ---------------------------------------------------------------- the heap

HOLES = """
from pathlib import Path
from sos.lean import give_back, keep_heap_small

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

keep_heap_small()
before = resident()
blocks = [bytes([n % 255 + 1]) * (1_000 if n % 2 else 20_000) for n in range(4_000)]
full = resident() - before
small = blocks[1::2]
del blocks
give_back()
print(full, resident() - before, sum(map(len, small)))
large = b"x" * 20_000_000
with_it = resident()
del large
print(with_it - resident())
"""

needs_glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="needs glibc, whose heap it is about"
)


@needs_glibc
def test_holes_between_what_stays_go_back_to_the_system() -> None:
    """Free memory is given back in the middle of the heap, and large blocks at once."""
    ran = subprocess.run(
        [sys.executable, "-c", HOLES], capture_output=True, text=True, check=True, timeout=60
    )
    full, left, held, large = map(int, ran.stdout.split())
    assert full > 40_000_000
    assert left < 0.5 * full
    assert held == 2_000_000
    assert large > 18_000_000


def test_another_c_library_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process starts without these functions as well."""

    class Bare:
        def __getattr__(self, name: str) -> object:
            raise AttributeError(name)

    monkeypatch.setattr("ctypes.CDLL", lambda _: Bare())
    keep_heap_small()
    give_back()

"""Varnish with the page in its memory, gzipped as the origin sent it: a hit, always.

The origin is asked once; it is not the peer and its time is nobody's.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers.wordpress_process import ServerProcess

from bench.peers import CACHED, NOT_MODIFIED, Running, Stage
from bench.peers.starting import find_free_port, wait_for_page
from bench.programs import find_program, lacks_program

VCL = """
vcl 4.1;
backend origin {{ .host = "127.0.0.1"; .port = "{port}"; }}
sub vcl_recv {{ unset req.http.Cookie; return (hash); }}
sub vcl_backend_response {{ set beresp.ttl = 1d; }}
"""


class Varnish:
    """A hit in Varnish."""

    name = "varnish"
    title = "Varnish, hit"
    suites = (CACHED, NOT_MODIFIED)

    def lacks(self) -> str:
        """Varnish, or the C compiler that it makes its rules a library with."""
        if not shutil.which("gcc"):
            return "gcc, which Varnish needs to compile its rules"
        return lacks_program("varnishd")

    def start(self, stage: Stage) -> Running:
        """Start the origin and Varnish, and have all pages in its memory."""
        origin = Origin(stage.pages)
        try:
            process, port = self._start(stage, origin.port)
        except BaseException:
            origin.stop()
            raise

        def stop() -> None:
            process.stop()
            origin.stop()

        return Running(port, [process.pid], stop)

    def _start(self, stage: Stage, origin: int) -> tuple[ServerProcess, int]:
        rules = stage.folder / "rules.vcl"
        rules.write_text(VCL.format(port=origin))
        program = find_program("varnishd")
        port = find_free_port()
        parameters = {
            # One pool for each processor that it has; threads for all connections of the load.
            "thread_pools": stage.workers, "thread_pool_min": 100, "thread_pool_max": 1000,
            "timeout_idle": 300, "vmod_path": f"{program.tree}/usr/lib/varnish/vmods",
        }  # fmt: skip
        process = ServerProcess(
            [
                program.path, "-F", "-n", str(stage.folder / "state"), "-j", "none",
                "-a", f"127.0.0.1:{port}", "-T", "none", "-f", str(rules), "-s", "default,64m",
                *(word for name, value in parameters.items() for word in ("-p", f"{name}={value}")),
            ],
            stage.folder / "log",
            program.environment,
        )  # fmt: skip
        try:
            for path in stage.pages:
                process.wait_until(lambda path=path: wait_for_page(port, path, stage.host))
        except BaseException:
            process.stop()
            raise
        return process, port


class Origin:
    """Pages over HTTP from a thread of this process, gzipped, with an entity tag."""

    def __init__(self, pages: dict[str, bytes]) -> None:
        packed = {path: gzip.compress(body, 9, mtime=0) for path, body in pages.items()}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = packed.get(re.sub(r"\?.*", "", self.path))
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body or b"")))
                if body:
                    self.send_header("Content-Encoding", "gzip")
                    self.send_header("Vary", "Accept-Encoding")
                    self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()[:16]}"')
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


PEERS = [Varnish()]

"""nginx with one static, pre-gzipped file for each page: what all others are compared with.

As quick as it is known to get: no access log, files kept open, no limit of requests on a
connection, addresses of the files themselves so that nothing is redirected within.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from tests.servers.wordpress_process import ServerProcess

from bench.peers import CACHED, NOT_MODIFIED, Running, Stage
from bench.peers.starting import find_free_port, wait_for_page
from bench.programs import find_program, lacks_program

CONFIG = """
daemon off;
user root;
worker_processes {workers};
worker_rlimit_nofile 8192;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 4096; multi_accept on; accept_mutex off; }}
http {{
  types {{ text/html html; }}
  default_type text/html;
  charset utf-8;
  access_log off;
  sendfile {sendfile};
  tcp_nodelay on;
  server_tokens off;
  keepalive_timeout 300;
  keepalive_requests 1000000000;
  open_file_cache max=1000 inactive=10m;
  open_file_cache_valid 10m;
  gzip_static on;
  gzip_vary on;
  client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp;
  uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
  server {{
    listen 127.0.0.1:{port} reuseport backlog=4096;
    root {folder}/pages;
    add_header Cache-Control "public, max-age=0";
  }}
}}
"""


class Nginx:
    """nginx static."""

    name = "nginx"
    title = "nginx, static file, gzipped before"
    suites = (CACHED, NOT_MODIFIED)

    def __init__(self, sendfile: str = "off") -> None:
        # A file this small is copied sooner than two system calls are made.
        self._sendfile = sendfile

    def lacks(self) -> str:
        """nginx, where there is none to be had."""
        return lacks_program("nginx")

    def start(self, stage: Stage) -> Running:
        """Write the pages to files and start it."""
        paths = write_pages(stage)
        (stage.folder / "tmp").mkdir()
        port = find_free_port()
        config = stage.folder / "nginx.conf"
        config.write_text(
            CONFIG.format(
                workers=stage.workers, folder=stage.folder, port=port, sendfile=self._sendfile
            )
        )
        program = find_program("nginx")
        process = ServerProcess(
            [program.path, "-p", str(stage.folder), "-c", str(config), "-e", "stderr"],
            stage.folder / "log",
            program.environment,
        )
        try:
            process.wait_until(lambda: wait_for_page(port, paths["/"], stage.host))
        except BaseException:
            process.stop()
            raise
        return Running(port, [process.pid], process.stop, paths)


def write_pages(stage: Stage) -> dict[str, str]:
    """Files of all pages below ``pages``, and their addresses by those of the stage."""
    root = stage.folder / "pages"
    root.mkdir()
    # Its worker may be another user than the one who made the folder.
    for folder in (stage.folder, root):
        folder.chmod(0o755)
    addresses = {}
    for path, body in stage.pages.items():
        name = path.strip("/").replace("/", "-") or "index"
        for file, content in (
            (root / f"{name}.html", body),
            (root / f"{name}.html.gz", gzip.compress(body, 9, mtime=0)),
        ):
            Path(file).write_bytes(content)
        addresses[path] = f"/{name}.html"
    return addresses


PEERS = [Nginx()]

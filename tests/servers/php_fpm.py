"""A WordPress server of the tests once more, behind nginx and PHP-FPM, as most sites on the internet run.

In: a WordPressServer that was started, on PHP's own web server. Out: a second port on which nginx
answers for the same files and the same database. Unlike PHP's own web server, FPM can let the response
go before a request has ended (`fastcgi_finish_request`). Both come from Debian's packages, unpacked,
never installed.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from tests.servers import debian, php
from tests.servers.debian import MissingServerError
from tests.servers.ports import port_of, reserve_port
from tests.servers.wordpress import WordPressServer
from tests.servers.wordpress_http import Answer, fetch_answer
from tests.servers.wordpress_process import ServerProcess

CHILDREN = 4
"""Requests that FPM handles at once, as many as PHP's own web server in these tests."""

_FPM = "usr/sbin/php-fpm8.2"
_PACKAGES = (
    "php8.2-fpm", "php8.2-common", "php8.2-curl", "php8.2-gd", "php8.2-intl", "php8.2-mbstring",
    "php8.2-mysql", "php8.2-opcache", "php8.2-xml", "php8.2-zip", "libacl1", "libapparmor1",
)  # fmt: skip
"""FPM with the extensions of the same version; the libraries are those of the installed PHP, but two."""
_EXTENSIONS = (
    "ctype", "curl", "dom", "exif", "fileinfo", "gd", "iconv", "intl", "mbstring", "mysqlnd",
    "mysqli", "posix", "simplexml", "sockets", "tokenizer", "xml", "xmlreader", "xmlwriter", "zip",
)  # fmt: skip

_POOL = """\
[global]
daemonize = no
error_log = {folder}/fpm.log
[www]
user = root
group = root
listen = {folder}/fpm.sock
pm = static
pm.max_children = {children}
clear_env = no
catch_workers_output = yes
"""

_NGINX = """\
daemon off;
user root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log error;
events {{ worker_connections 256; }}
http {{
  access_log off;
  types {{ text/html html; text/css css; text/javascript js; image/png png; image/jpeg jpg jpeg; }}
  default_type application/octet-stream;
  client_max_body_size 32m;
  client_body_temp_path {folder}/nginx-body;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  proxy_temp_path {folder}/nginx-proxy;
  scgi_temp_path {folder}/nginx-scgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  server {{
    listen 127.0.0.1:{port} reuseport;
    root {core};
    index index.php;
    location /wp-content/ {{ root {site}; }}
    location / {{ try_files $uri $uri/ /index.php?$args; }}
    location ~ \\.php$ {{
      try_files $uri =404;
      fastcgi_pass unix:{folder}/fpm.sock;
      fastcgi_read_timeout 120s;
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
      fastcgi_param SCRIPT_NAME $fastcgi_script_name;
      fastcgi_param DOCUMENT_ROOT $document_root;
      fastcgi_param DOCUMENT_URI $document_uri;
      fastcgi_param REQUEST_URI $request_uri;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param SERVER_PROTOCOL $server_protocol;
      fastcgi_param SERVER_NAME $host;
      fastcgi_param SERVER_ADDR $server_addr;
      fastcgi_param SERVER_PORT $server_port;
      fastcgi_param REMOTE_ADDR $remote_addr;
      fastcgi_param REMOTE_PORT $remote_port;
      fastcgi_param SERVER_SOFTWARE nginx;
      fastcgi_param GATEWAY_INTERFACE CGI/1.1;
      fastcgi_param REDIRECT_STATUS 200;
    }}
  }}
}}
"""


class FpmServer:
    """nginx and PHP-FPM in front of a started WordPressServer; `start` and `stop` it, or use it with `with`.

    The site lives at its root only (no sub-folder). What the WordPressServer defines holds here too.
    Raises MissingServerError when a package is not to be had or does not run here.

    A subclass may have another configuration: `nginx_config` and `pool_config` are templates that know
    {folder}, {port}, {core}, {site} and {children}, `ini` are settings of PHP beside those of the tests.
    """

    nginx_config = _NGINX
    pool_config = _POOL
    children = CHILDREN
    ini: Mapping[str, str] = MappingProxyType({})

    def __init__(self, wordpress: WordPressServer) -> None:
        if wordpress.subfolder:
            raise ValueError("a site in a sub-folder is not set up behind nginx")
        self.wordpress = wordpress
        self._tree, self._nginx = _find_programs()
        self.folder = Path(tempfile.mkdtemp(prefix="sos-fpm-"))
        self.error_log = self.folder / "php-errors.log"
        self._reserved = reserve_port()
        self.port = port_of(self._reserved)
        self._processes: list[ServerProcess] = []

    @property
    def url(self) -> str:
        """The site's address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pids(self) -> list[int]:
        """Those of FPM and nginx, which have children."""
        return [process.pid for process in self._processes]

    def start(self) -> Self:
        """Start both and wait until WordPress answers."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End both and remove their folder; calling it again is fine."""
        for process in reversed(self._processes):
            process.stop()
        self._processes.clear()
        self._reserved.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def fetch(
        self,
        path: str,
        *,
        auth: bool = False,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Request a path of the site. `auth` signs in as the administrator; `body` is sent as JSON."""
        sent = dict(headers or {})
        if auth:
            pair = f"{self.wordpress.admin_user}:{self.wordpress.application_password}".encode()
            sent["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        return fetch_answer(self.port, path, method=method, body=body, headers=sent)

    def _start(self) -> None:
        values = {
            "folder": self.folder,
            "port": self.port,
            "core": self.wordpress.core,
            "site": self.wordpress.content.parent,
            "children": self.children,
        }
        (self.folder / "fpm.conf").write_text(self.pool_config.format(**values))
        (self.folder / "nginx.conf").write_text(self.nginx_config.format(**values))
        modules = next(self._tree.glob("usr/lib/php/2*"))
        (self.folder / "php.ini").write_text(_build_ini(self.error_log, modules, self.ini))
        command = [str(self._tree / _FPM), "--nodaemonize", "-c", str(self.folder / "php.ini")]
        command += ["--fpm-config", str(self.folder / "fpm.conf")]
        if os.geteuid() == 0:
            command.append("--allow-to-run-as-root")
        fpm = ServerProcess(command, self.folder / "fpm.out", self._environment)
        self._processes.append(fpm)
        fpm.wait_until(lambda: (self.folder / "fpm.sock").exists() or None)
        nginx = ServerProcess(
            [
                self._nginx,
                "-c",
                str(self.folder / "nginx.conf"),
                "-e",
                str(self.folder / "nginx.log"),
            ],
            self.folder / "nginx.out",
        )
        self._processes.append(nginx)
        nginx.wait_until(self._answer)

    def _answer(self) -> bool | None:
        try:
            return self.fetch("/wp-json/").status == 200 or None
        except OSError:
            return None

    @property
    def _environment(self) -> dict[str, str]:
        return {
            **_with_libraries(self._tree),
            **self.wordpress._environment,
            "RIG_PORT": str(self.port),
            "PHP_INI_SCAN_DIR": "",
        }


def _build_ini(error_log: Path, modules: Path, more: Mapping[str, str]) -> str:
    """What PHP's own web server of the tests has as well, and the extensions that came with FPM."""
    settings = {
        **php._SETTINGS,
        "display_errors": "0",
        "error_log": str(error_log),
        "opcache.memory_consumption": "128",
        "opcache.max_accelerated_files": "10000",
        "extension_dir": str(modules),
        "zend_extension": "opcache",
        **more,
    }
    lines = [f'{name} = "{value}"' for name, value in settings.items()]
    return "\n".join([*lines, *(f"extension = {name}" for name in _EXTENSIONS), ""])


def _find_programs() -> tuple[Path, str]:
    """The folder that FPM and its extensions are in, and nginx; each of them runs."""
    tree = debian.fetch_tree([(name, "bookworm") for name in _PACKAGES])
    nginx = debian.fetch_package("nginx", "bookworm") / "usr/sbin/nginx"
    for program in (tree / _FPM, nginx):
        done = subprocess.run(
            [str(program), "-v"], env=_with_libraries(tree),
            capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
        if done.returncode != 0:
            raise MissingServerError(
                f"{program.name} does not run here: {done.stderr.strip()[:200]}"
            )
    return tree, str(nginx)


def _with_libraries(tree: Path) -> dict[str, str]:
    folders = ":".join(str(path) for path in tree.glob("usr/lib/*-linux-gnu"))
    return {**os.environ, "LD_LIBRARY_PATH": folders}

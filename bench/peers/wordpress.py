"""WordPress itself: nginx, PHP-FPM with opcache and MariaDB, without and with a page cache.

In: a `Stage`, whose newest posts it is filled with. Out: nginx with all that is behind it. All of
it comes from Debian's packages by the rig of the test-suite, and runs on the stage's processor: the
database works for nobody else, so its time and memory are the peer's as well.
"""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

import redis
from tests.servers.debian import MissingServerError
from tests.servers.mariadb import MariaDB
from tests.servers.php_fpm import FpmServer
from tests.servers.wordpress import WordPressServer
from tests.servers.wordpress_editions import EDITIONS

from bench.peers import CACHED, Running, Stage

EDITION = EDITIONS["7.1"]
POSTS = 30
"""What the site is filled with; its front page shows ten."""

_FILL = Path(__file__).with_suffix("") / "fill.php"

_HEAD = """\
daemon off;
user root;
worker_processes {workers};
pid {{folder}}/nginx.pid;
error_log {{folder}}/nginx.log error;
events {{{{ worker_connections 4096; multi_accept on; }}}}
http {{{{
  access_log off;
  types {{{{ text/html html; text/css css; text/javascript js; image/png png; image/jpeg jpg; }}}}
  default_type application/octet-stream;
  sendfile on;
  tcp_nodelay on;
  server_tokens off;
  keepalive_timeout 75;
  keepalive_requests 1000000000;
  open_file_cache max=1000 inactive=10m;
  gzip on;
  gzip_vary on;
  gzip_types text/css text/javascript application/json image/svg+xml;
  client_max_body_size 32m;
  client_body_temp_path {{folder}}/nginx-body;
  fastcgi_temp_path {{folder}}/nginx-fastcgi;
  proxy_temp_path {{folder}}/nginx-proxy;
  scgi_temp_path {{folder}}/nginx-scgi;
  uwsgi_temp_path {{folder}}/nginx-uwsgi;
  map $http_accept_encoding $packed {{{{ default ""; ~*gzip gzip; }}}}
  {cache_path}
  upstream php {{{{ server unix:{{folder}}/fpm.sock; keepalive {children}; }}}}
  server {{{{
    listen 127.0.0.1:{{port}} reuseport backlog=4096;
    root {{core}};
    index index.php;
    location /wp-content/ {{{{ root {{site}}; }}}}
    location / {{{{ try_files $uri $uri/ /index.php?$args; }}}}
    location ~ \\.php$ {{{{
      try_files $uri =404;
      {cache}
      fastcgi_pass php;
      fastcgi_keep_conn on;
      fastcgi_buffers 16 32k;
      fastcgi_buffer_size 32k;
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
      fastcgi_param SERVER_NAME 127.0.0.1;
      fastcgi_param SERVER_ADDR $server_addr;
      fastcgi_param SERVER_PORT $server_port;
      fastcgi_param REMOTE_ADDR $remote_addr;
      fastcgi_param REMOTE_PORT $remote_port;
      fastcgi_param SERVER_SOFTWARE nginx;
      fastcgi_param GATEWAY_INTERFACE CGI/1.1;
      fastcgi_param REDIRECT_STATUS 200;
      # The site's own name, whatever it is asked by: WordPress would redirect to it.
      fastcgi_param HTTP_HOST 127.0.0.1:{{port}};
    }}}}
  }}}}
}}}}
"""

_CACHE_PATH = (
    "fastcgi_cache_path {folder}/cache levels=1:2 keys_zone=pages:10m inactive=60m max_size=256m;"
)
_CACHE = """fastcgi_cache pages;
      fastcgi_cache_key $packed$request_method$request_uri;
      # The key has what the answer varies on.
      fastcgi_ignore_headers Vary;
      fastcgi_cache_valid 200 301 60m;
      fastcgi_cache_lock on;
      fastcgi_cache_use_stale error timeout updating;
      fastcgi_cache_background_update on;
      fastcgi_cache_bypass $http_authorization $cookie_wordpress_logged_in;
      fastcgi_no_cache $http_authorization $cookie_wordpress_logged_in;
      add_header X-Cache $upstream_cache_status;
      fastcgi_param HTTP_ACCEPT_ENCODING $packed;"""

_INI = {
    "opcache.enable": "1",
    "opcache.memory_consumption": "256",
    "opcache.interned_strings_buffer": "32",
    "opcache.max_accelerated_files": "20000",
    "opcache.validate_timestamps": "0",
    "realpath_cache_size": "4M",
    "realpath_cache_ttl": "600",
    "expose_php": "0",
}
"""PHP for production: files are read once, and never looked at again."""

_PACKED = {"zlib.output_compression": "1", "zlib.output_compression_level": "6"}
"""For pages that are kept; others nginx packs, with less work for a little more to send."""


class WordPressBare:
    """WordPress on nginx and PHP-FPM, every page made anew, as it comes.

    Its front page has the ten newest posts of the stage up to their "more" marks, in its default
    theme, whose own style and scripts make the page about twice as large as those of the others.
    opcache does not look at files twice, PHP-FPM has four processes for each worker, nginx keeps
    its connections to them and compresses (level 1, its default).
    """

    name = "wordpress"
    title = "WordPress, nginx and PHP-FPM"
    suites: tuple[str, ...] = (CACHED,)
    differs = "ten posts in WordPress's default theme"
    slow = True
    cached = False

    def lacks(self) -> str:
        """What is missing to run it here; empty when it can run."""
        try:
            with contextlib.ExitStack() as stack:
                _build(stack)
        except MissingServerError as error:
            return str(error)
        return ""

    def start(self, stage: Stage) -> Running:
        """Start it, filled, and return once it answers ``/`` with 200. Raises RuntimeError."""
        with contextlib.ExitStack() as stack:
            mariadb, site, server = _build(stack)
            mariadb.start()
            site.start()
            # What the test site registers on each request is not part of WordPress.
            for plugin in (site.content / "mu-plugins").iterdir():
                plugin.unlink()
            posts = stage.folder / "posts.json"
            posts.write_text(json.dumps(_fetch_posts(stage)))
            site.run_php(_FILL, str(posts))
            server.children = 4 * stage.workers
            server.ini = _INI | _PACKED if self.cached else _INI
            server.nginx_config = _build_config(stage.workers, cached=self.cached)
            server.start()
            if (status := server.fetch("/").status) != 200:
                raise RuntimeError(f"WordPress answers / with {status}")
            return Running(
                port=server.port,
                pids=[*server.pids, mariadb.pid],
                stop=stack.pop_all().close,
                paths=dict.fromkeys(stage.pages, "/"),
            )


class WordPressCached(WordPressBare):
    """The same with nginx's page cache before PHP (``fastcgi_cache``), as many hosts have it.

    Pages are kept an hour for everybody who is not logged in, and kept gzipped: PHP packs them,
    which spares nginx packing each answer. Debian has none of the plugins that write pages to
    files; with such files WordPress is what nginx is with any static file.
    """

    name = "wordpress-cached"
    title = "WordPress, kept gzipped by nginx's fastcgi_cache"
    cached = True


def _build(stack: contextlib.ExitStack) -> tuple[MariaDB, WordPressServer, FpmServer]:
    """The three parts, not started; ``stack`` ends them in order. Raises MissingServerError."""
    mariadb = MariaDB()
    stack.callback(mariadb.stop)
    site = WordPressServer(EDITION, mariadb, permalink_structure="/%postname%/")
    stack.callback(site.stop)
    server = FpmServer(site)
    stack.callback(server.stop)
    return mariadb, site, server


def _build_config(workers: int, *, cached: bool) -> str:
    """nginx's configuration, as `FpmServer` wants it."""
    return _HEAD.format(
        workers=workers,
        children=4 * workers,
        cache_path=_CACHE_PATH if cached else "",
        cache=_CACHE if cached else "",
    )


def _fetch_posts(stage: Stage) -> list[dict[str, object]]:
    """The newest documents of the stage's list of posts that may be seen by now."""
    prefix = f"sos:{{{stage.host}}}:"
    with redis.Redis.from_url(stage.valkey_url, socket_timeout=10) as store:
        members = store.zrevrangebyscore(
            f"{prefix}list:type:post", time.time(), "-inf", start=0, num=POSTS
        )
        found = store.hmget(f"{prefix}doc", [f"post:{int(member)}" for member in members])
    return [json.loads(document) for document in found if document]


PEERS = [WordPressBare(), WordPressCached()]

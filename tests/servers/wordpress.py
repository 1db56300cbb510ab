"""A real WordPress for the tests: from a Debian package to a filled site that answers on a loopback port.

WordPress itself is the unpacked package, shared and never written to; each server has a folder of
its own with `wp-content` and a database of its own. The site comes from `wordpress/content.php`.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tests.servers import debian, php
from tests.servers.mariadb import MariaDB
from tests.servers.wordpress_editions import EDITIONS, Edition
from tests.servers.wordpress_http import Answer, fetch_answer, read_sitemap
from tests.servers.wordpress_process import ServerProcess
from tests.servers.wordpress_template import SOURCES, Template, find_template

DATED = "/%year%/%monthnum%/%day%/%postname%/"
"""The permalinks that WordPress itself chooses when it is installed."""

PUBLISHER = Path(__file__).parents[2] / "wordpress/sos-publisher"
"""The plugin of this project."""

_LOADER = "<?php require getenv( 'RIG_CONFIG' );\n"


class WordPressServer:
    """A running WordPress with the test site; `start` and `stop` it, or use it as a context manager.

    All calls block: in async code use `asyncio.to_thread`. `fixture` maps the key of an item of the
    test site to what is known of it: `wordpress.fixture["protected_post"]["link"]`.

    `subfolder` ("/blog") is where the site lives, `permalink_structure` "" means plain permalinks,
    `theme` is the block theme of the version unless told, and the PHP files in the folder
    `mu_plugins` run as must-use plugins once the site is filled. With `plugin`, the SOS Publisher is
    active; `constants` are what wp-config.php defines (see `define`), and `phpredis` loads that
    extension.
    Raises MissingServerError when PHP, MariaDB or a package is not to be had.
    """

    admin_user = "admin"

    def __init__(
        self,
        edition: Edition,
        mariadb: MariaDB | None = None,
        *,
        permalink_structure: str = DATED,
        subfolder: str = "",
        theme: str = "",
        mu_plugins: Path | None = None,
        plugin: bool = False,
        constants: Mapping[str, Any] | None = None,
        phpredis: bool = False,
    ) -> None:
        php.find_php()
        tree = debian.fetch_tree(edition.packages, {"usr/share/wordpress/wp-config.php": _LOADER})
        self.edition = edition
        self.subfolder = subfolder
        self.permalink_structure = permalink_structure
        self.theme = theme or edition.block_theme
        self.core = tree / "usr/share/wordpress"
        self.fixture: dict[str, dict[str, Any]] = {}
        self.port = 0
        self._extra_plugins = mu_plugins
        self._has_publisher = plugin
        self._extensions = php.find_phpredis() if phpredis else ()
        self._owns_mariadb = mariadb is None
        self._mariadb = mariadb or MariaDB()
        self._process: ServerProcess | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="sos-wordpress-"))
        self.content = self.folder / "wp-content"
        self.error_log = self.folder / "php-errors.log"
        self._constants: dict[str, Any] = {}
        self.define(**(constants or {}))
        self._database = f"wordpress_{self.folder.name.rpartition('-')[2]}"

    def start(self) -> Self:
        """Start it with the test site (about 2 s; half a minute when the site is not in the cache yet)."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the web server and remove its folder and its database; calling it again is fine."""
        if self._process is not None:
            self._process.stop()
        if self._owns_mariadb:
            self._mariadb.stop()
        elif self._process is not None:
            self._mariadb.drop_database(self._database)
        self._process = None
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

    @property
    def url(self) -> str:
        """The site's address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}{self.subfolder}"

    @property
    def version(self) -> str:
        """WordPress's own version, such as "7.1.4"."""
        found = re.search(
            r"\$wp_version = '([^']+)'", (self.core / "wp-includes/version.php").read_text()
        )
        assert found is not None
        return found[1]

    @property
    def application_password(self) -> str:
        """The password with which `admin_user` may use the REST API (HTTP Basic)."""
        password: str = self.fixture["admin"]["application_password"]
        return password

    def define(self, **constants: Any) -> None:
        """Have wp-config.php define these as well, from the next request on; None takes one back."""
        self._constants |= constants
        given = {name: value for name, value in self._constants.items() if value is not None}
        scratch = self.folder / "constants.json.new"
        scratch.write_text(json.dumps(given))
        scratch.replace(self.folder / "constants.json")

    def reset(self) -> None:
        """Put the site back to what it was after `start`, whatever a test did to it (about 1 s)."""
        shutil.rmtree(self.content / "uploads", ignore_errors=True)
        self._mariadb.create_database(self._database)
        self._load(self._template())
        self._activate_publisher()

    def run_php(self, code: str | Path, *arguments: str) -> str:
        """Run PHP in WordPress as its administrator, and return what it prints.

        `code` is a file, or the code itself without `<?php`. It finds the arguments in `$args`.
        Raises RuntimeError with PHP's message when it fails.
        """
        if isinstance(code, Path):
            return self._run(code, *arguments).decode()
        with tempfile.NamedTemporaryFile("w", suffix=".php", dir=self.folder) as file:
            file.write(f"<?php\n{code}")
            file.flush()
            return self._run(Path(file.name), *arguments).decode()

    def fetch(
        self,
        path: str,
        *,
        auth: bool = False,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Request a path of the site, or one of its full URLs. `auth` signs in as the administrator.

        A path is below the sub-folder; `body` is sent as JSON.
        """
        target = path.removeprefix(f"http://127.0.0.1:{self.port}")
        if target == path:
            target = self.subfolder + path
        sent = dict(headers or {})
        if auth:
            pair = f"{self.admin_user}:{self.application_password}".encode()
            sent["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        return fetch_answer(self.port, target or "/", method=method, body=body, headers=sent)

    def rest(
        self, path: str, auth: bool = False, *, method: str = "GET", body: Any = None
    ) -> Answer:
        """Request a route of the REST API, such as `/wp/v2/posts?per_page=5`."""
        if self.permalink_structure:
            return self.fetch(f"/wp-json{path}", auth=auth, method=method, body=body)
        route, _, query = path.partition("?")
        question = f"/?rest_route={urllib.parse.quote(route)}" + (f"&{query}" if query else "")
        return self.fetch(question, auth=auth, method=method, body=body)

    def sitemap_urls(self) -> list[str]:
        """Return each public URL in WordPress's own sitemap, in its order."""
        index = "/wp-sitemap.xml" if self.permalink_structure else "/?sitemap=index"
        return read_sitemap(index, self.fetch)

    def use_static_front_page(self) -> None:
        """Show the pages "front_page" at the site's root and the posts at "posts_page"."""
        pages = (str(self.fixture[key]["id"]) for key in ("front_page", "posts_page"))
        self.run_php(SOURCES / "front_page.php", "static", *pages)

    def use_latest_posts(self) -> None:
        """Show the latest posts at the site's root (as after `start`)."""
        self.run_php(SOURCES / "front_page.php", "posts", "0", "0")

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "RIG_CONFIG": str(SOURCES / "wp-config.php"),
            "RIG_CONSTANTS": str(self.folder / "constants.json"),
            "RIG_CONTENT": str(self.content),
            "RIG_CORE": str(self.core),
            "RIG_DATABASE": self._database,
            "RIG_PORT": str(self.port),
            "RIG_PREFIX": self.subfolder,
            "RIG_SOCKET": str(self._mariadb.socket),
        }

    def _start(self) -> None:
        if self._owns_mariadb:
            self._mariadb.start()
        self._lay_out_content()
        self._mariadb.create_database(self._database)
        self._process, self.port = php.start_web_server(
            SOURCES / "router.php",
            self.core,
            self._environment,
            log=self.folder / "web.log",
            error_log=self.error_log,
            extensions=self._extensions,
        )
        template = self._template()
        with debian.hold_lock(template.folder.name):
            if template.exists and template.fits(self.port):
                self._load(template)
            else:
                self._fill(template)
        if self._extra_plugins is not None:
            for plugin in sorted(self._extra_plugins.iterdir()):
                (self.content / "mu-plugins" / plugin.name).symlink_to(plugin.resolve())
        self._activate_publisher()

    def _activate_publisher(self) -> None:
        """Activate the plugin as the screen of plugins does."""
        if not self._has_publisher:
            return
        link = self.content / "plugins" / PUBLISHER.name
        if not link.is_symlink():
            link.symlink_to(PUBLISHER)
        self.run_php(
            "$said = activate_plugin( 'sos-publisher/sos-publisher.php' );"
            "if ( is_wp_error( $said ) ) { throw new Exception( $said->get_error_message() ); }"
        )

    def _lay_out_content(self) -> None:
        for name in ("mu-plugins", "plugins", "themes", "uploads"):
            (self.content / name).mkdir(parents=True)
        for theme in (self.core / "wp-content/themes").iterdir():
            (self.content / "themes" / theme.name).symlink_to(theme)
        for plugin in (SOURCES / "mu-plugins").iterdir():
            (self.content / "mu-plugins" / plugin.name).symlink_to(plugin)

    def _template(self) -> Template:
        options = {
            "permalinks": self.permalink_structure,
            "subfolder": self.subfolder,
            "theme": self.theme,
        }
        name = re.sub(r"[^a-z0-9]+", "_", " ".join([self.edition.name, *options.values()]).strip())
        return find_template(name, {**options, "core": self.core.parents[2].name})

    def _load(self, template: Template) -> None:
        template.copy_uploads(self.content / "uploads")
        self._mariadb.execute(template.build_sql(self.port), self._database)
        self.fixture = template.build_fixture(self.port)

    def _fill(self, template: Template) -> None:
        self._run(
            SOURCES / "install.php", self.permalink_structure, self.theme, RIG_INSTALLING="yes"
        )
        fixture = self._run(SOURCES / "content.php")
        sql = php.run_script(SOURCES / "dump.php", [], self._environment, error_log=self.error_log)
        template.save(port=self.port, sql=sql, uploads=self.content / "uploads", fixture=fixture)
        self.fixture = template.build_fixture(self.port)

    def _run(self, file: Path, *arguments: str, **environment: str) -> bytes:
        return php.run_script(
            SOURCES / "run.php",
            [str(file), *arguments],
            {**self._environment, **environment},
            error_log=self.error_log,
            extensions=self._extensions,
        )


@pytest.fixture(scope="session")
def make_wordpress(mariadb: MariaDB) -> Iterator[Callable[..., WordPressServer]]:
    """A function that starts a server: `make_wordpress("7.1", subfolder="/blog")`; all end with the run."""
    servers: list[WordPressServer] = []

    def make(edition: str, **options: Any) -> WordPressServer:
        try:
            server = WordPressServer(EDITIONS[edition], mariadb, **options)
        except debian.MissingServerError as error:
            debian.skip_or_fail(f"WordPress {edition}: {error}")
        servers.append(server)
        return server.start()

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def wordpress61(make_wordpress: Callable[..., WordPressServer]) -> WordPressServer:
    """Debian 12's WordPress with the test site. A test that changes it calls `reset` at its end."""
    return make_wordpress("6.1")


@pytest.fixture(scope="session")
def wordpress71(make_wordpress: Callable[..., WordPressServer]) -> WordPressServer:
    """The newest WordPress in Debian with the test site. A test that changes it calls `reset` at its end."""
    return make_wordpress("7.1")


@pytest.fixture(scope="session", params=["wordpress61", "wordpress71"])
def wordpress(request: pytest.FixtureRequest) -> WordPressServer:
    """Each of the two, in turn."""
    server: WordPressServer = request.getfixturevalue(request.param)
    return server

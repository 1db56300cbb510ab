"""How packages of Debian are found and put together, without asking any mirror."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.servers import debian, debian_apt


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("SOS_TEST_CACHE", str(tmp_path / "cache"))
    return debian.fetch_cache_folder()


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def test_mirrors_are_read_from_both_formats_of_apt_sources(tmp_path: Path) -> None:
    """One-line and deb822 sources count; security, source code, disabled and foreign ones do not."""
    write(
        tmp_path,
        "sources.list",
        "# deb http://commented.example/debian bookworm main\n"
        "deb cdrom:[Debian]/ bookworm main\n"
        "deb [arch=amd64 signed-by=/a.gpg] http://vendor.example/thing bookworm main\n"
        "deb-src http://source.example/debian bookworm main\n"
        "deb http://tool.example/linux/debian bookworm stable\n"
        "deb http://one.example/debian/ bookworm main contrib # note\n",
    )
    write(
        tmp_path,
        "sources.list.d/debian.sources",
        "Types: deb deb-src\n# a comment\nURIs: http://two.example/debian\n http://three.example/debian\n"
        "Suites: bookworm bookworm-updates\nComponents: main\n\n"
        "Types: deb\nURIs: http://two.example/debian-security\nSuites: bookworm-security\nComponents: main\n\n"
        "Types: deb\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\nEnabled: no\n",
    )
    assert debian_apt.parse_mirrors(tmp_path) == [
        "http://one.example/debian/",
        "http://two.example/debian",
        "http://three.example/debian",
        "http://vendor.example/thing",
    ]


def test_dangling_links_are_found_by_where_they_lead_once_installed(tmp_path: Path) -> None:
    """Relative and absolute links that lead to nothing are told; those that lead to a file are not."""
    write(tmp_path, "usr/share/app/real.php", "")
    (tmp_path / "usr/share/app/fine.php").symlink_to("real.php")
    (tmp_path / "usr/share/app/also-fine.php").symlink_to("/usr/share/app/real.php")
    (tmp_path / "usr/share/app/lost.php").symlink_to("../php/getid3/getid3.php")
    (tmp_path / "usr/share/app/far.js").symlink_to("/usr/share/javascript/lodash/lodash.js")
    found = {link.name: target for link, target in debian.find_dangling_links(tmp_path)}
    assert found == {
        "lost.php": "usr/share/php/getid3/getid3.php",
        "far.js": "usr/share/javascript/lodash/lodash.js",
    }


def test_tree_takes_in_the_packages_that_its_links_lead_to(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link into another package brings that package, and what that one links to; own files come last."""
    packages = tmp_path / "packages"
    write(packages / "app", "usr/share/app/index.php", "app")
    write(packages / "app", "usr/share/app/config.php", "packaged")
    (packages / "app/usr/share/app/getid3.php").symlink_to("../php/getid3/getid3.php")
    write(packages / "php-getid3", "usr/share/php/getid3/readme", "")
    (packages / "php-getid3/usr/share/php/getid3/getid3.php").symlink_to(
        "../../javascript/underscore/underscore.js"
    )
    write(packages / "libjs-underscore", "usr/share/javascript/underscore/underscore.js", "found")
    asked: list[tuple[str, str]] = []

    def fetch_package(name: str, suite: str) -> Path:
        asked.append((name, suite))
        return packages / name

    monkeypatch.setattr(debian, "fetch_package", fetch_package)
    tree = debian.fetch_tree([("app", "sid")], {"usr/share/app/config.php": "own"})
    assert (tree / "usr/share/app/getid3.php").read_text() == "found"
    assert (tree / "usr/share/app/config.php").read_text() == "own"
    assert (packages / "app/usr/share/app/config.php").read_text() == "packaged"
    assert asked == [("app", "sid"), ("php-getid3", "sid"), ("libjs-underscore", "sid")]
    assert tree.parent == cache / "trees"


def test_broken_off_build_leaves_nothing_behind(tmp_path: Path) -> None:
    """A target appears whole or not at all, and what a killed run left is swept away."""
    target = tmp_path / "thing"
    (tmp_path / ".new-thing-killed").mkdir()

    def break_off() -> None:
        with debian.build_atomically(target) as scratch:
            write(scratch, "half", "")
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        break_off()
    assert list(tmp_path.iterdir()) == []
    with debian.build_atomically(target) as scratch:
        write(scratch, "whole", "")
    assert [path.name for path in tmp_path.iterdir()] == ["thing"]


def test_two_builders_of_one_thing_take_turns(cache: Path) -> None:
    """While one holds the lock, the other waits."""
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait(10)
        with debian.hold_lock("thing"):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with debian.hold_lock("thing"):
        inside.set()
        thread.join(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_package_in_the_cache_is_used_without_asking_and_when_the_mirror_fails(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A young copy is taken as it is; an old one is looked up again, and still used if that fails."""
    write(cache, "packages/app_1.0_all/usr/share/app/index.php", "app")
    write(cache, "packages/sid/app.json", '{"folder": "app_1.0_all"}')
    asked: list[str] = []

    def download(name: str, suite: str, record: Path) -> Path:
        asked.append(name)
        raise debian.MissingServerError("the mirror is down")

    monkeypatch.setattr(debian, "_download", download)
    assert debian.fetch_package("app", "sid") == cache / "packages/app_1.0_all"
    assert asked == []
    os.utime(cache / "packages/sid/app.json", (0, 0))
    assert debian.fetch_package("app", "sid") == cache / "packages/app_1.0_all"
    assert asked == ["app"]
    with pytest.raises(debian.MissingServerError, match="the mirror is down"):
        debian.fetch_package("other", "sid")


def test_missing_server_skips_here_and_fails_where_everything_must_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CI=true turns the skip into a failure."""
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="php is missing"):
        debian.skip_or_fail("php is missing")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI=true and php is missing"):
        debian.skip_or_fail("php is missing")

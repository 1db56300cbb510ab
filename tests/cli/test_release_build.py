"""``sos release keygen``, ``build``, ``check`` and ``publish``: from a folder into the store."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

from sos.release.bundle import parse_seal, read_bundle
from sos.release.signature import verify_seal
from sos.rollout.shelf import Shelf
from sos.settings import Settings

from tests.cli.release_shell import INDEX, ReleaseShell

EPOCH = "1700000000"


async def test_build_prints_the_id_and_lays_bundle_and_seal_down(releases: ReleaseShell) -> None:
    """Side by side in var/builds; the words go to stderr."""
    ended = await releases.run("build", "--note", "first", SOURCE_DATE_EPOCH=EPOCH)
    assert ended.code == 0, ended.err
    name = ended.id
    assert name.startswith("20231114-221320-")
    place = releases.folder / "var/builds"
    seal = parse_seal((place / f"{name}.json").read_bytes(), name)
    bundle = read_bundle((place / f"{name}.tar.gz").read_bytes(), seal)
    assert sorted(bundle.files) == ["assets/style.css", "index.html"]
    assert (seal.note, seal.git, seal.created) == ("first", "", int(EPOCH))
    assert f"sos release publish {name}" in ended.err


async def test_same_files_at_the_same_time_give_the_same_release(releases: ReleaseShell) -> None:
    """Wherever they are written to; another file gives another."""
    one, two = await asyncio.gather(
        releases.run("build", "--out", "one", SOURCE_DATE_EPOCH=EPOCH),
        releases.run("build", "templates", "--out", "two", SOURCE_DATE_EPOCH=EPOCH),
    )
    assert one.id == two.id
    first, second = (releases.folder / f"{n}/{one.id}.tar.gz" for n in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()
    releases.write("templates/more.txt", "more")
    other = await releases.run("build", SOURCE_DATE_EPOCH=EPOCH)
    assert other.id != one.id


async def test_git_commit_is_noted_and_whether_it_is_all(releases: ReleaseShell) -> None:
    """``-dirty`` when the folder has what the commit has not."""
    folder = releases.folder

    def git(*arguments: str) -> str:
        quiet = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
        return subprocess.run(
            command, cwd=folder, env=quiet, check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "-q")
    git("add", "templates")
    git("commit", "-qm", "Templates")
    commit = git("rev-parse", "HEAD")
    clean = await releases.run("build", "--json")
    assert clean.json["git"] == commit
    releases.write("templates/new.html", "new")
    dirty = await releases.run("build", "--json", "--no-check")
    assert dirty.json["git"] == f"{commit}-dirty"


async def test_broken_templates_are_not_built(releases: ReleaseShell) -> None:
    """Every problem is listed; --no-check builds them all the same."""
    releases.write("templates/tag.html", "{{ page.titel }}\n{% if %}\n")
    releases.write("templates/single.html", "{% include 'nope.html' %}")
    refused, built = await asyncio.gather(
        releases.run("build"), releases.run("build", "--no-check")
    )
    assert refused.code == 65
    assert "single.html:1: there is no template 'nope.html'" in refused.err
    assert "tag.html:2: " in refused.err
    assert "2 problems in templates; nothing was built" in refused.err
    assert refused.out == ""
    assert built.code == 0
    assert built.id


async def test_key_signs_and_is_never_overwritten(releases: ReleaseShell) -> None:
    """Only its owner may read it; the public key fits the setting."""
    made = await releases.run("keygen", "--out", "my.key")
    assert made.code == 0
    assert made.out.startswith("SOS_RELEASE_PUBLIC_KEY=")
    public = made.out.strip().partition("=")[2]
    assert (releases.folder / "my.key").stat().st_mode & 0o777 == 0o600
    again, signed = await asyncio.gather(
        releases.run("keygen", "--out", "my.key"),
        releases.run("build", "--sign", "my.key", "--json"),
    )
    assert again.code == 78
    assert "my.key exists already, and is kept" in again.err
    content = Path(releases.folder / signed.json["seal"]).read_bytes()
    verify_seal(parse_seal(content, signed.json["id"]), [public])


async def test_unsigned_release_is_not_published_where_nodes_want_signatures(
    releases: ReleaseShell,
) -> None:
    """They would refuse it; the same build can be signed then."""
    public = (await releases.run("keygen")).out.strip().partition("=")[2]
    refused = await releases.run("publish", SOS_RELEASE_PUBLIC_KEY=public)
    assert refused.code == 65
    assert "the release is not signed" in refused.err
    assert "--sign" in refused.err
    assert not (releases.folder / "var/releases").exists()
    signed = await releases.run(
        "publish", "--sign", "sos-release.key", SOS_RELEASE_PUBLIC_KEY=public
    )
    assert signed.code == 0, signed.err


async def test_publishing_twice_changes_nothing_and_succeeds(releases: ReleaseShell) -> None:
    """By folder, by file and by id it is the same release."""
    first = await releases.run("publish", SOURCE_DATE_EPOCH=EPOCH)
    assert first.code == 0, first.err
    file = f"var/builds/{first.id}.tar.gz"
    for again in await asyncio.gather(
        releases.run("publish", "templates", SOURCE_DATE_EPOCH=EPOCH),
        releases.run("publish", file),
        releases.run("publish", first.id, "--json"),
    ):
        assert again.code == 0, again.err
        if again.out.startswith("{"):
            assert again.json["published"] is False
        else:
            assert again.id == first.id
            assert "was published in file:var/releases before" in again.err


async def test_release_with_another_seal_is_not_published_over_it(releases: ReleaseShell) -> None:
    """The same bytes, signed later."""
    await releases.run("keygen")
    first = await releases.run("publish", SOURCE_DATE_EPOCH=EPOCH)
    signed = await releases.run("publish", first.id, "--sign", "sos-release.key")
    assert signed.code == 65
    assert "has another seal" in signed.err


async def test_damaged_build_is_not_published(releases: ReleaseShell) -> None:
    """One byte is enough."""
    name = (await releases.run("build")).id
    bundle = releases.folder / f"var/builds/{name}.tar.gz"
    bundle.write_bytes(bundle.read_bytes()[:-9] + b"x" + bundle.read_bytes()[-8:])
    ended = await releases.run("publish", name)
    assert ended.code == 65
    assert "sha256 is not that of its seal" in ended.err
    (releases.folder / f"var/builds/{name}.json").unlink()
    half = await releases.run("publish", f"var/builds/{name}.tar.gz")
    assert half.code == 65
    assert "is half of a release" in half.err


async def test_release_that_is_nowhere_is_looked_for_everywhere(releases: ReleaseShell) -> None:
    """The message names the places."""
    unknown, nonsense = await asyncio.gather(
        releases.run("publish", "20260101-000000-00000000", "--json"),
        releases.run("publish", "no such file"),
    )
    assert unknown.code == 65
    assert "was published in file:var/releases, and none was built in var/builds" in unknown.err
    assert unknown.json["kind"] == "ReleaseNotFoundError"
    assert nonsense.code == 65
    assert "neither a file, a folder, nor the id of a release" in nonsense.err


async def test_check_finds_what_only_pages_show(releases: ReleaseShell) -> None:
    """With file, line and page; for an editor to jump to."""
    releases.write("templates/index.html", INDEX.replace("<h1>", "<h1>\n{{ [1][5].x }}"))
    words, report = await asyncio.gather(
        releases.run("check"), releases.run("check", "templates", "--json")
    )
    assert words.code == report.code == 65
    assert words.out.startswith("templates/index.html:6: ")
    assert "1 problem in templates" in words.err
    (problem,) = report.json["problems"]
    assert (problem["file"], problem["line"]) == ("index.html", 6)
    assert "no element 5" in problem["message"]
    assert problem["page"]


async def test_check_of_a_good_release_says_what_it_did(releases: ReleaseShell) -> None:
    """A folder, a build and a published one are all the same to it."""
    name = (await releases.run("publish")).id
    file = f"var/builds/{name}.tar.gz"
    for ended in await asyncio.gather(
        *(releases.run("check", *which, "--no-live") for which in ((), (file,), (name,)))
    ):
        assert ended.code == 0, ended.err
        assert "no problem in" in ended.err
        assert ended.out == ""


async def test_check_finds_a_folder_that_can_not_be_packed(releases: ReleaseShell) -> None:
    """And templates that are wrong as well: all of it at once."""
    releases.write("templates/evil.py", "import os")
    releases.write("templates/tag.html", "{{ page.titel }}")
    ended = await releases.run("check", "--json", "--no-live")
    messages = [p["message"] for p in ended.json["problems"]]
    assert len(messages) == 2
    assert "PageModel has no field 'titel'" in messages[0]
    assert "evil.py" in messages[1]


def test_default_settings_keep_published_releases_apart_from_what_a_node_keeps() -> None:
    """A node forgets releases that it does not need: never those of the store."""
    settings = Settings()
    store = Path(settings.bucket.removeprefix("file:")).resolve()
    shelf = Shelf(Path(settings.state_dir)).folder.resolve()
    assert store != shelf
    assert store not in shelf.parents
    assert shelf not in store.parents

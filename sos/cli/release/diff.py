"""``sos release diff``: a release reviewed as pages, not as templates.

In: two releases, live content. Out: what changes, on stdout; with ``--html`` a folder with a
report, and screenshots of both where Chromium is there.
"""

import asyncio
import time
from pathlib import Path
from typing import Any

import click
import msgspec

from sos.cli.release.running import json_option, run_command, say
from sos.cli.release.sources import Source, fetch_source, name_source
from sos.cli.release.waiting import waiting
from sos.cli.running import print_json
from sos.errors import RolloutError
from sos.release.environment import Release, build_release
from sos.rollout.compare import (
    Comparison,
    FileChange,
    Hunk,
    PagePair,
    choose_paths,
    diff_files,
    diff_lines,
    group_hunks,
)
from sos.settings import Settings

SHOWN_HUNKS, SHOWN_LINES = 12, 12
"""Differences, and lines of one, that are shown on a terminal; the report has all."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What changes from one release to another. ``shots`` are files of the report by page."""

    before: str
    after: str
    content: str
    pairs: tuple[PagePair, ...]
    hunks: tuple[Hunk, ...]
    files: tuple[FileChange, ...]
    report: str = ""
    shots: int = 0

    @property
    def changed(self) -> tuple[PagePair, ...]:
        """The pages that differ."""
        return tuple(p for p in self.pairs if p.is_changed)


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--paths", metavar="PATH,…", help="Pages to compare, instead of some of each kind.")
@click.option(
    "--html",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write a report with all pages side by side.",
)
@click.option(
    "--screenshots/--no-screenshots",
    default=None,
    help="Pictures of the pages that differ, in the report; default: where there is Chromium.",
)
@json_option
def diff(
    before: str,
    after: str,
    paths: str | None,
    folder: Path | None,
    screenshots: bool | None,
    as_json: bool,
) -> None:
    """Show what changes on live pages from release A to B.

    A and B are ids, builds or folders. Exit codes: 0 whether or not anything differs, 65 a release
    can't make pages at all, 69 there is no live content, or no Chromium for --screenshots.
    """
    if screenshots and folder is None:
        raise click.UsageError("--screenshots go into a report: give --html DIR")

    async def work(settings: Settings) -> Difference:
        if screenshots:
            from sos.cli.release.chromium import require_chromium

            require_chromium()
        old, new = await fetch_source(before, settings), await fetch_source(after, settings)
        releases = _load(old), _load(new)
        found = await _compare(settings, old, new, releases, paths)
        if folder is None:
            return found
        return await _write_report(settings, found, releases, folder, screenshots)

    found = run_command(work, as_json=as_json)
    if as_json:
        print_json(_build_report(found))
    else:
        _print(found)


def _load(source: Source) -> Release:
    """Ready to make pages. Raises TemplateError."""
    return build_release(source.files, name_source(source).replace("/", "-").strip("-.") or None)


async def _compare(
    settings: Settings,
    old: Source,
    new: Source,
    releases: tuple[Release, Release],
    paths: str | None,
) -> Difference:
    from sos.cli.release.live import open_live_content

    async with open_live_content(settings) as content:
        if content.reader is None or content.snapshot is None:
            raise RolloutError(f"there is no live content to compare pages of: {content.trouble}")
        if content.trouble:
            say(f"warning: pages are from {content.words}: {content.trouble}")
        chosen = _parse_paths(paths) if paths else choose_paths(content.snapshot)
        comparison = Comparison(settings.site, content.reader, *releases, now=time.time())
        with waiting(f"making {len(chosen)} pages with both releases"):
            pairs = await comparison.compare(chosen)
        missing = set(chosen if paths else ()) - {p.path for p in pairs}
        if missing and pairs:
            say(f"warning: no such page in {content.words}: {', '.join(sorted(missing))[:200]}")
        if not pairs:
            raise RolloutError(f"{content.words} has none of the pages {', '.join(chosen)[:200]}")
        return Difference(
            before=name_source(old),
            after=name_source(new),
            content=content.words,
            pairs=pairs,
            hunks=group_hunks(pairs),
            files=diff_files(old.files, new.files),
        )


def _parse_paths(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(p.strip() for p in text.split(",") if p.strip()))


async def _write_report(
    settings: Settings,
    found: Difference,
    releases: tuple[Release, Release],
    folder: Path,
    screenshots: bool | None,
) -> Difference:
    """The report. Without screenshots being asked for, what is in their way is a warning."""
    from sos.cli.release.chromium import ScreenshotError, find_chromium
    from sos.cli.release.diff_report import write_report

    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    shots: dict[str, list[str]] = {}
    if found.changed and (screenshots or (screenshots is None and find_chromium())):
        from sos.cli.release.screenshots import take_screenshots

        try:
            with waiting(f"taking pictures of {len(found.changed)} pages"):
                shots = await take_screenshots(found.changed, releases, settings, folder)
        except ScreenshotError as exc:
            if screenshots:
                raise
            say(f"warning: no screenshots: {exc}")
    await asyncio.to_thread(write_report, folder, found, shots)
    count = sum(map(len, shots.values()))
    return msgspec.structs.replace(found, report=str(folder / "index.html"), shots=count)


def _build_report(found: Difference) -> dict[str, Any]:
    return {
        "before": found.before,
        "after": found.after,
        "content": found.content,
        "changed": len(found.changed),
        "pages": [
            {
                "path": p.path,
                "changed": p.is_changed,
                "before_failure": p.before_failure,
                "after_failure": p.after_failure,
                "diff": diff_lines(p.before, p.after) if p.is_changed else (),
            }
            for p in found.pairs
        ],
        "hunks": [msgspec.to_builtins(h) for h in found.hunks],
        "files": [msgspec.to_builtins(f) for f in found.files],
        "report": found.report,
        "screenshots": found.shots,
    }


def _print(found: Difference) -> None:
    click.echo(
        f"{found.before} -> {found.after}: {len(found.changed)} of {len(found.pairs)} pages "
        f"change ({found.content})"
    )
    for change in found.files:
        click.echo(f"  {change.word} {change.name} ({change.before:,} -> {change.after:,} bytes)")
    for pair in found.pairs:
        if pair.after_failure and not pair.before_failure:
            click.echo(f"\n{pair.path} FAILS with {found.after}: {pair.after_failure}")
        elif pair.before_failure and not pair.after_failure:
            click.echo(f"\n{pair.path} does not fail any more: {pair.before_failure}")
    for hunk in found.hunks[:SHOWN_HUNKS]:
        count = f"{len(hunk.pages)} page{'s' if len(hunk.pages) > 1 else ''}"
        click.echo(f"\non {count}: {', '.join(hunk.pages[:4])}{_more(hunk.pages)}")
        for line in hunk.lines[:SHOWN_LINES]:
            colour = "red" if line.startswith("-") else "green"
            click.secho(f"  {_printable(line)}", fg=colour)
        if len(hunk.lines) > SHOWN_LINES:
            click.echo(f"  … {len(hunk.lines) - SHOWN_LINES} more lines")
    if len(found.hunks) > SHOWN_HUNKS:
        say(f"… and {len(found.hunks) - SHOWN_HUNKS} more differences: --html DIR shows them all")
    if found.report:
        say(f"report: {found.report}" + (f", {found.shots} screenshots" if found.shots else ""))


def _more(pages: tuple[str, ...]) -> str:
    return f" and {len(pages) - 4} more" if len(pages) > 4 else ""


def _printable(line: str) -> str:
    text = "".join(c if c.isprintable() else " " for c in line[:160])
    return text + ("…" if len(line) > 160 else "")

"""What stands on every page: the ``site``, ``types`` and ``taxonomies`` documents, and menus.

In: a survey, the site's menus, and what the store has. Out: operations that make the store agree.
What an owner's import told of settings and menus outlives an import without credentials.
"""

from collections.abc import Iterable, Sequence

import msgspec

from sos.content.store import ContentWriter, Operation
from sos.errors import SourceError
from sos.wordpress.menu_reader import fetch_menus
from sos.wordpress.rest import parse_json
from sos.wordpress.site_reader import Json, SiteReader
from sos.wordpress.survey import Survey
from sos.wordpress.wire import UnusableItemError, encode_document

SINGLES = ("site", "types", "taxonomies")


class MenuPlan(msgspec.Struct, frozen=True):
    """What to write and remove so that the store has the site's menus, and what is missing."""

    operations: list[Operation]
    missing: str = ""


async def plan_singles(
    writer: ContentWriter, survey: Survey, *, with_settings: bool
) -> list[Operation]:
    """Operations that write the three documents.

    ``with_settings`` says that the survey had an owner's credentials; without, ``site`` keeps the
    settings that the store knows. Raises SourceError when a document is too large to be stored.
    """
    documents = {"site": survey.site, "types": survey.types, "taxonomies": survey.taxonomies}
    if not with_settings:
        known = (await _fetch_objects(writer, ["site"])).get("site", {})
        documents["site"] = keep_settings(survey.site, known)
    try:
        return [Operation("put", r, survey.seq, encode_document(d)) for r, d in documents.items()]
    except UnusableItemError as exc:
        raise SourceError(f"the site's description can't be stored: {exc}") from exc


def keep_settings(site: Json, known: Json) -> Json:
    """``site`` with the settings and styles of ``known`` that it lacks, if both are of one site."""
    member = known.get("sos")
    settings = member.get("settings") if isinstance(member, dict) else None
    if known.get("home") != site.get("home") or not isinstance(settings, dict):
        return site
    kept = {**site["sos"], "settings": {**settings, **site["sos"]["settings"]}}
    if isinstance(member, dict) and "styles" in member:
        kept.setdefault("styles", member["styles"])
    if "language" in settings and isinstance(member, dict):
        # An owner's settings told it; a feed is only the second best source.
        kept["language"] = member.get("language", kept["language"])
    return {**site, "sos": kept}


async def plan_menus(reader: SiteReader, writer: ContentWriter, refs: Iterable[str]) -> MenuPlan:
    """Operations that bring the menus up to date; ``refs`` are all references of the store.

    Without credentials only block navigation can be read, which gives way to menus that the store
    has from elsewhere. Menus that can't be stored are left as they are.
    """
    seq = await writer.take_sequence()
    menus = await fetch_menus(reader)
    known = {r for r in refs if r.startswith("menu:")}
    documents = {f"menu:{ident}": document for ident, document in menus.documents.items()}
    if not menus.complete and known - documents.keys():
        return MenuPlan([], menus.missing)
    operations = []
    missing = menus.missing
    for ref, document in documents.items():
        try:
            operations.append(Operation("put", ref, seq, encode_document(document)))
        except UnusableItemError as exc:
            missing = f"{missing}; {ref}: {exc}".removeprefix("; ")
    if menus.complete:
        gone = sorted(known - documents.keys())
        operations += [Operation("remove", ref, seq) for ref in gone]
    return MenuPlan(operations, missing)


async def drop_unchanged(writer: ContentWriter, operations: Sequence[Operation]) -> list[Operation]:
    """Those operations that would change something."""
    stored = await _fetch_objects(writer, [o.ref for o in operations])
    return [
        o
        for o in operations
        if o.ref not in stored or o.op == "remove" or stored[o.ref] != parse_json(o.json, o.ref)
    ]


async def _fetch_objects(writer: ContentWriter, refs: Sequence[str]) -> dict[str, Json]:
    found = {}
    for ref, data in (await writer.fetch_documents(refs)).items():
        value = parse_json(data, f"the store's {ref}")
        if isinstance(value, dict):
            found[ref] = value
    return found

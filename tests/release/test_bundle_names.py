"""A name means one file, on every system, or is refused with the reason."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sos.errors import BundleError
from sos.release.names import NameRegister, check_name, describe_name, split_name


@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "parts/post-card.html",
        "assets/fonts/Ünïcode 漢字.woff2",
        "assets/app.js",
        "assets/app.mjs",
        "assets/x.wasm",
        "assets/site.css.map",
        "assets/example.com",
        "assets/a:b",
        "python",
        "x.pyramid",
        "so",
        "/".join("a" * 16),
        "d" * 155 + "/" + "n" * 100,
        "é" * 50,
    ],
)
def test_ordinary_name_passes(name: str) -> None:
    """What themes hold, scripts for browsers included."""
    check_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        ("/index.html", "absolute"),
        ("//x/index.html", "absolute"),
        ("../index.html", "leads out"),
        ("a/../../index.html", "leads out"),
        ("a/..", "leads out"),
        ("./index.html", "empty part"),
        ("a//b.html", "empty part"),
        ("a/", "empty part"),
        ("a/./b.html", "empty part"),
        (".env", "hidden"),
        ("a/.git/config", "hidden"),
        ("...", "hidden"),
        ("a\\b.html", "backslash"),
        ("C:\\b.html", "backslash"),
        ("a\0.html", "printed"),
        ("a\n.html", "printed"),
        ("a\x7f.html", "printed"),
        ("a\u202ehtml", "printed"),
        ("a\u200b.html", "printed"),
        ("a\u00a0.html", "printed"),
        ("a\ud800.html", "printed"),
        ("e\u0301.html", "NFC"),
        ("\u212b.html", "NFC"),
        ("/".join("a" * 17), "17 parts|more than 16 parts"),
        ("n" * 101, "too long"),
        ("é" * 51, "too long"),
        ("d" * 156 + "/x", "too long"),
        ("d" * 90 + "/" + "e" * 90 + "/" + "f" * 70, "too long"),
        ("x" * 100_000, "too long"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_name_that_could_mean_another_file_is_refused(name: str, reason: str) -> None:
    """The message names both, on one short line that is safe to print."""
    with pytest.raises(BundleError, match=reason) as caught:
        check_name(name)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300
    assert not caught.value.corrupt


@pytest.mark.parametrize(
    "ending",
    (
        "py pyc pyo pyd pyi pyw pyx pyz so so.1 so.1.2.3 dll dylib exe msi bat cmd ps1 sh bash zsh "
        "ksh csh fish php php5 php8 phps phtml phar pl pm cgi fcgi rb erb lua tcl jar war ear class "
        "jsp jspx asp aspx PY Php sO"
    ).split(),
)
def test_code_is_no_part_of_a_release(ending: str) -> None:
    """Whatever a server, a shell or an interpreter might run."""
    with pytest.raises(BundleError, match="no code"):
        check_name(f"assets/x.{ending}")


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("a.html", "a.html", "twice"),
        ("a.html", "A.HTML", "every system"),
        ("straße.css", "STRASSE.css", "every system"),
        ("ς.css", "Σ.css", "every system"),
        ("é.css", "É.css", "every system"),
        ("parts/a.html", "Parts/b.html", "every system"),
        ("a", "a/b", "a file and a folder"),
        ("a/b", "a", "a file and a folder"),
        ("A", "a/b", "every system"),
        ("a/b/c/d", "a/b/c/d/e", "a file and a folder"),
    ],
)
def test_two_names_for_one_place_are_refused(first: str, second: str, reason: str) -> None:
    """Some systems tell them apart, and some don't."""
    names = NameRegister()
    names.add(first)
    with pytest.raises(BundleError, match=reason):
        names.add(second)


def test_names_side_by_side_are_taken() -> None:
    """Folders are shared; a name may begin another."""
    names = NameRegister()
    for name in ("a/b/c.html", "a/b/d.html", "a/b.html", "a.html", "ab", "a b"):
        names.add(name)


@given(st.text(max_size=400))
@settings(max_examples=500, deadline=None)
def test_any_text_passes_or_is_refused_with_one_line(name: str) -> None:
    """What passes is safe by every rule; nothing else than BundleError comes out."""
    try:
        check_name(name)
    except BundleError as exc:
        reason = str(exc)
    else:
        reason = ""
    if reason:
        assert reason.isprintable()
        assert len(reason) < 1000
        return
    assert name.isprintable()
    assert unicodedata.normalize("NFC", name) == name
    assert not name.startswith("/")
    assert all(part and not part.startswith(".") for part in name.split("/"))
    assert split_name(name) is not None


@given(st.text(st.sampled_from("aé/"), min_size=1, max_size=300))
@settings(max_examples=500, deadline=None)
def test_name_is_split_where_both_halves_fit(name: str) -> None:
    """Whenever there is a slash that allows it."""
    encoded = name.encode()
    possible = [
        (encoded[:at], encoded[at + 1 :])
        for at in range(1, len(encoded))
        if encoded[at : at + 1] == b"/" and at <= 155 and len(encoded) - at - 1 <= 100
    ]
    if len(encoded) <= 100:
        possible = [(b"", encoded)]
    halves = split_name(name)
    assert halves in possible if possible else halves is None


def test_name_in_a_message_is_short_and_escaped() -> None:
    """Text and bytes alike."""
    assert describe_name("a\x1b[2J") == r"'a\x1b[2J'"
    assert describe_name("x" * 81) == f"'{'x' * 80}'…"
    assert describe_name(b"\xff") == r"b'\xff'"

"""The plugin's PHP is sound on every PHP that Debian has, and written as WordPress writes."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.servers.debian import MissingServerError, skip_or_fail
from tests.servers.php_editions import php_edition as php_edition
from tests.servers.php_editions import run_php_edition
from tests.servers.wordpress import PUBLISHER, WordPressServer
from tests.servers.wordpress_standard import Finding, find_style_findings

HERE = Path(__file__).parent
TESTS = HERE.parent
RULES = HERE / "style_rules.xml"


def find_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.php"))


def find_findings(folder: Path) -> list[Finding]:
    try:
        return find_style_findings(folder, RULES)
    except MissingServerError as error:
        skip_or_fail(str(error))


def complain(version: str, file: Path) -> str:
    """What that PHP says of a file's syntax, deprecations included; nothing if it is content."""
    done = run_php_edition(version, "-l", str(file))
    said = (done.stdout + done.stderr).strip()
    return "" if said == f"No syntax errors detected in {file}" else f"PHP {version}: {said}"


def test_every_file_is_good_syntax_in_every_php(php_edition: str) -> None:
    """`php -l` finds no error and no deprecation in any PHP file of the plugin and of the tests."""
    files = [*find_files(PUBLISHER), *find_files(TESTS)]
    assert len(files) > 30
    with ThreadPoolExecutor(2) as pool:
        complaints = list(filter(None, pool.map(lambda file: complain(php_edition, file), files)))
    assert complaints == []


@pytest.mark.parametrize(
    ("version", "code"),
    [
        ("7.4", "function f( ?Foo $a ) { return $a?->b; }"),
        ("7.4", "final class A { public function __construct( private int $b ) {} }"),
        ("8.2", "function f( int $a = 1, $b ) {}"),
        ("8.4", "function f( Foo $a = null ) {}"),
    ],
)
def test_syntax_that_one_php_minds_is_found(version: str, code: str, tmp_path: Path) -> None:
    """Syntax newer than a version and syntax that a version deprecates are told (the test before can fail)."""
    file = tmp_path / "bad.php"
    file.write_text(f"<?php\n{code}\n")
    try:
        assert complain(version, file) != ""
    except MissingServerError as error:
        skip_or_fail(str(error))


def test_every_class_can_be_loaded_in_every_php(php_edition: str) -> None:
    """Each class is declared without WordPress and without a word from PHP (signatures, interfaces, types)."""
    done = run_php_edition(php_edition, str(HERE / "php/load_classes.php"), str(PUBLISHER))
    assert done.stderr == ""
    loaded = json.loads(done.stdout)
    assert loaded["missing"] == []
    assert len(loaded["classes"]) > 20


def test_plugin_follows_the_coding_standard_of_wordpress() -> None:
    """Core, docs, extra and security sniffs find nothing but what is excused in the code with a name."""
    findings = find_findings(PUBLISHER)
    assert not findings, "\n".join(["", *map(str, findings)])


def test_coding_standard_finds_what_it_is_there_for(tmp_path: Path) -> None:
    """A bad file gets a finding of each kind, and an annotation with the present name excuses one."""
    (tmp_path / "class-bad.php").write_text((HERE / "php/bad_style.php.txt").read_text())
    found = {finding.source for finding in find_findings(tmp_path)}
    assert {
        "Generic.WhiteSpace.DisallowSpaceIndent.SpacesUsed",
        "Squiz.Commenting.FunctionComment.Missing",
        "WordPress.CSRF.NonceVerification.NoNonceVerification",
        "WordPress.Functions.DontExtract.extract_extract",
        "WordPress.NamingConventions.ValidVariableName.NotSnakeCase",
        "WordPress.PHP.YodaConditions.NotYoda",
        "WordPress.VIP.ValidatedSanitizedInput.InputNotSanitized",
        "WordPress.WP.I18n.MissingArgDomain",
        "WordPress.WP.I18n.TextDomainMismatch",
        "WordPress.WP.PreparedSQL.NotPrepared",
        "WordPress.XSS.EscapeOutput.OutputNotEscaped",
    } <= found
    lines = {finding.line for finding in find_findings(tmp_path)}
    excused = [
        number
        for number, line in enumerate((tmp_path / "class-bad.php").read_text().splitlines(), 1)
        if "phpcs:ignore" in line
    ]
    assert excused
    assert lines.isdisjoint(excused)


def test_every_file_refuses_to_run_outside_of_wordpress() -> None:
    """Every file stops when ABSPATH is not defined (uninstall.php: WP_UNINSTALL_PLUGIN), before it does anything."""
    for file in find_files(PUBLISHER):
        text = re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL)
        statements = [s.strip() for s in text.removeprefix("<?php").split(";")]
        guard = next(s for s in statements if not s.startswith(("namespace ", "use ")))
        name = "WP_UNINSTALL_PLUGIN" if file.name == "uninstall.php" else "ABSPATH"
        assert guard == f"defined( '{name}' ) || exit", f"{file.name} begins with: {guard[:80]}"


def test_every_file_opens_with_what_it_is_for() -> None:
    """The head of each file is a comment of at least a sentence, and names the package."""
    for file in find_files(PUBLISHER):
        head = re.match(r"<\?php\n/\*\*\n(.*?)\*/", file.read_text(), flags=re.DOTALL)
        assert head is not None, file.name
        assert "@package SOS_Publisher" in head[1], file.name
        assert re.search(r"\.\n|Plugin Name:", head[1]), file.name


def test_nothing_is_evaluated_included_by_name_or_fetched_from_elsewhere() -> None:
    """No eval, no extract, no create_function, no unserialize, no shell; nothing of another host is loaded."""
    banned = r"(?<![\w>:$])(eval|extract|create_function|unserialize|maybe_unserialize|exec|system|passthru|shell_exec|popen|proc_open|assert)\s*\("
    for file in find_files(PUBLISHER):
        code = strip_comments(file.read_text())
        assert re.findall(banned, code) == [], file.name
        assert "`" not in re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "", code), (
            f"{file.name}: a shell command"
        )
    for file in [*PUBLISHER.rglob("*.js"), *PUBLISHER.rglob("*.css")]:
        text = file.read_text()
        assert re.findall(r"\beval\(|new Function\(|document\.write\(", text) == [], file.name
        assert re.findall(r"(?:url\(|import |src=)['\" ]*(?:https?:)?//", text) == [], file.name


def test_every_form_and_route_asks_who_it_is() -> None:
    """Each handler of a form checks nonce and capability before all else; each route has a permission callback."""
    handlers = routes = 0
    for file in find_files(PUBLISHER):
        code = strip_comments(file.read_text())
        for name in re.findall(
            r"add_action\( '(?:admin_post|admin_action|wp_ajax)_[^;]*'(\w+)' \)", code
        ):
            found = re.search(rf"function {name}\([^{{]*\{{\n(.*?)\n\t\}}", code, re.DOTALL)
            assert found is not None, (file.name, name)
            head = "\n".join(found[1].splitlines()[:6])
            assert "check_admin_referer(" in head, (file.name, name)
            assert re.search(r"current_user_can\(|self::is_allowed\(", head), (file.name, name)
            handlers += 1
        assert "wp_ajax_nopriv" not in code
        assert "'permission_callback' => '__return_true'" not in re.sub(" +", " ", code)
        for call in re.findall(r"register_rest_route\((.*?)\n\t\t\);", code, re.DOTALL):
            assert "'permission_callback'" in call, file.name
            routes += 1
    assert handlers >= 3
    assert routes >= 3


def strip_comments(text: str) -> str:
    """PHP without its comments (roughly: a `//` within a string, as in an address, stays)."""
    without = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(r"(?m)(?<![:'\"\w])//[^\n]*$", "", without)


@pytest.mark.wordpress
def test_only_functions_of_the_oldest_wordpress_and_php_are_called(
    wordpress61: WordPressServer,
) -> None:
    """What is called is there in WordPress 6.1 with PHP 7.4, unless the file asks for it first."""
    unknown = run_in_wordpress(wordpress61, "7.4", "unknown_calls.php")
    assert unknown == {}


@pytest.mark.wordpress
def test_no_deprecated_function_of_wordpress_is_called(wordpress71: WordPressServer) -> None:
    """Nothing that is called has moved to WordPress 7.1's files of deprecated functions."""
    deprecated = run_in_wordpress(wordpress71, "8.4", "deprecated_calls.php")
    assert deprecated == {}


def run_in_wordpress(server: WordPressServer, version: str, script: str) -> dict[str, list[str]]:
    """Run a script of ours within a real WordPress by that PHP, and return the JSON that it prints."""
    try:
        done = run_php_edition(
            version,
            *("-d", "memory_limit=256M", "-d", "error_reporting=E_ERROR"),
            str(TESTS / "servers/wordpress/run.php"),
            str(HERE / "php" / script),
            str(PUBLISHER),
            environment=server._environment,
        )
    except MissingServerError as error:
        skip_or_fail(str(error))
    assert done.returncode == 0, done.stderr + done.stdout
    answer: dict[str, list[str]] = json.loads(done.stdout)
    return answer

"""Settings: where they come from, what is refused, and that the documents tell the same."""

import os
import re
import tomllib
from pathlib import Path

import pytest
from sos.describe_settings import ROOT, build_sample_file, describe_settings
from sos.errors import SettingsError
from sos.settings import Settings, descriptions, load_settings, parse_address


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No config/sos.toml of the checkout is in the way."""
    monkeypatch.chdir(tmp_path)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sos.toml"
    path.write_text(text)
    return path


def test_environment_wins_over_file_wins_over_default(tmp_path: Path) -> None:
    """And every value says where it came from."""
    file = write(tmp_path, 'workers = 3\nstate_dir = "from-file"\n')
    settings, sources = load_settings({"SOS_WORKERS": "5", "HOME": "/"}, file)
    assert (settings.workers, settings.state_dir, settings.cache_mb) == (5, "from-file", 24)
    origins = {source.name: source.origin for source in sources}
    assert origins["workers"] == "SOS_WORKERS"
    assert origins["state_dir"] == str(file)
    assert origins["cache_mb"] == "default"


def test_file_of_the_working_folder_is_read_when_it_exists(tmp_path: Path) -> None:
    """config/sos.toml is optional; one that is named has to exist."""
    assert load_settings({})[0] == Settings()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "sos.toml").write_text("workers = 4\n")
    assert load_settings({})[0].workers == 4
    with pytest.raises(SettingsError, match=r"missing\.toml"):
        load_settings({"SOS_CONFIG": "missing.toml"})


@pytest.mark.parametrize(
    ("environ", "text", "named"),
    [
        ({"SOS_WORKRES": "2"}, "", "'workres' (from SOS_WORKRES)"),
        ({}, "wrokers = 2", "'wrokers'"),
        ({"SOS_WORKERS": "many"}, "", "workers = 'many' (from SOS_WORKERS)"),
        ({"SOS_WORKERS": "-1"}, "", "workers"),
        ({"SOS_DRAIN_SECONDS": "301"}, "", "drain_seconds"),
        ({"SOS_SITE": "https://example.org/blog"}, "", "site"),
        ({"SOS_REDIS_URL": "mysql://x"}, "", "redis_url"),
        ({"SOS_LISTEN": "8080"}, "", "listen"),
        ({"SOS_LISTEN": "127.0.0.1:70000"}, "", "listen"),
        ({"SOS_LOG_LEVEL": "loud"}, "", "log_level"),
        ({}, "hosts = 5", "hosts"),
        ({}, "[workers]\nx = 1", "workers"),
        ({}, "workers = = 2", "sos.toml"),
    ],
)
def test_wrong_setting_is_refused_by_name(
    environ: dict[str, str], text: str, named: str, tmp_path: Path
) -> None:
    """A typing error must not leave a default silently in effect."""
    with pytest.raises(SettingsError, match=re.escape(named)):
        load_settings(environ, write(tmp_path, text))


def test_passwords_are_shown_neither_in_listings_nor_in_errors() -> None:
    """A terminal, a ticket and a log are read by more people than a secret may be."""
    good = {"SOS_REDIS_URL": "rediss://user:hunter2@redis.example.org:6380/0?ca=x"}
    settings, sources = load_settings(good)
    assert "hunter2" in settings.redis_url
    assert "hunter2" not in str(sources)
    (shown,) = [source.value for source in sources if source.name == "redis_url"]
    assert shown == "rediss://user:***@redis.example.org:6380/0?ca=x"
    with pytest.raises(SettingsError) as refused:
        load_settings({"SOS_REDIS_URL": "mysql://user:hunter2@db.example.org"})
    assert "hunter2" not in str(refused.value)


def test_lists_are_separated_by_commas_in_the_environment() -> None:
    """Spaces and a last comma do no harm."""
    settings, _ = load_settings({"SOS_HOSTS": "www.example.org, EXAMPLE.org,"})
    assert settings.hosts == ("www.example.org", "EXAMPLE.org")
    assert settings.allowed_hosts == {"www.example.org", "example.org"}


@pytest.mark.parametrize(
    ("text", "value"), [("off", False), ("OFF", False), ("0", False), ("on", True), ("true", True)]
)
def test_a_switch_is_on_or_off(text: str, value: bool) -> None:
    """As people write it."""
    assert load_settings({"SOS_FRONT": text})[0].front is value


def test_workers_default_to_the_cores() -> None:
    """0 means as many as there are cores, and at least one."""
    assert Settings().worker_count == (os.cpu_count() or 1)
    assert Settings(workers=3).worker_count == 3


@pytest.mark.parametrize(
    ("text", "pair"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), ("[::1]:0", ("::1", 0)), ("web:8080", ("web", 8080))],
)
def test_address_is_host_and_port(text: str, pair: tuple[str, int]) -> None:
    """IPv6 addresses stand in brackets."""
    assert parse_address(text, "listen") == pair


@pytest.mark.parametrize("text", ["", ":80", "::1:80", "host:", "host:99999", "a b:1"])
def test_bad_address_names_its_setting(text: str) -> None:
    """The same parser serves several settings."""
    with pytest.raises(SettingsError, match="health_listen"):
        parse_address(text, "health_listen")


def test_settings_page_is_up_to_date() -> None:
    """docs/settings.md is what ``python -m sos.describe_settings`` writes, with every setting."""
    text = (ROOT / "docs" / "settings.md").read_text()
    assert text == describe_settings()
    for name in descriptions():
        assert f"| `{name}` | `SOS_{name.upper()}` |" in text


def test_sample_file_is_up_to_date_and_changes_nothing(tmp_path: Path) -> None:
    """Every setting is in config/sos.toml, commented out, at its default."""
    text = (ROOT / "config" / "sos.toml").read_text()
    assert text == build_sample_file()
    assert tomllib.loads(text) == {}
    active = re.sub(r"^#(\w+ = )", r"\1", text, flags=re.MULTILINE)
    assert list(tomllib.loads(active)) == list(descriptions())
    settings, _ = load_settings({}, write(tmp_path, active))
    assert settings == Settings()

"""``sos config``: what is in effect, and why, without a secret."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sos.cli import cli
from sos.errors import SettingsError
from sos.settings import descriptions


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOS_REDIS_URL", "redis://user:hunter2@redis.example.org/0")
    monkeypatch.setenv("SOS_WORKERS", "3")
    monkeypatch.setenv("COLUMNS", "60")


def test_table_names_every_setting_and_its_origin() -> None:
    """Whoever asks why a node behaves as it does finds the answer in one place."""
    result = CliRunner().invoke(cli, ["config"])
    assert result.exit_code == 0
    rows = {line.split()[0]: line for line in result.output.splitlines() if line.split()}
    assert set(descriptions()) <= rows.keys()
    assert "SOS_WORKERS" in rows["workers"]
    assert "default" in rows["cache_mb"]


def test_password_of_a_url_is_hidden() -> None:
    """In the table, and in JSON."""
    for arguments in (["config"], ["config", "--json"]):
        output = CliRunner().invoke(cli, arguments).output
        assert "hunter2" not in output
        assert "user:***" in output.replace("\n", "").replace(" ", "")


def test_json_has_value_origin_and_description(tmp_path: Path) -> None:
    """For scripts: values keep their types."""
    file = tmp_path / "other.toml"
    file.write_text('hosts = ["a.example.org"]\n')
    result = CliRunner().invoke(cli, ["config", "--json", "--config", str(file)])
    found = json.loads(result.stdout)
    assert list(found) == list(descriptions())
    assert found["workers"]["value"] == 3
    assert found["workers"]["origin"] == "SOS_WORKERS"
    assert found["hosts"]["value"] == ["a.example.org"]
    assert found["hosts"]["origin"] == str(file)
    assert found["site"]["description"].startswith("Public base URL")


def test_wrong_setting_is_an_error_not_a_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command refuses exactly what a node would refuse."""
    monkeypatch.setenv("SOS_WORKERS", "lots")
    result = CliRunner().invoke(cli, ["config"])
    assert isinstance(result.exception, SettingsError)
    assert result.output == ""

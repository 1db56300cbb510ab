"""URLs of a content store: what operators write, and what they are told when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from sos.adapters.redis.connect import connect, parse_address
from sos.errors import SettingsError


@pytest.mark.parametrize(
    ("url", "hosts", "db", "login"),
    [
        ("redis://h", [("h", 6379)], 0, {}),
        ("redis://h:7000/3", [("h", 7000)], 3, {}),
        ("redis://h/?db=4", [("h", 6379)], 4, {}),
        ("redis://127.0.0.1:1", [("127.0.0.1", 1)], 0, {}),
        ("redis://[::1]:7000/", [("::1", 7000)], 0, {}),
        ("redis://[fe80::1%eth0]", [("fe80::1%eth0", 6379)], 0, {}),
        ("redis://:pass@h", [("h", 6379)], 0, {"password": "pass"}),
        ("redis://user:pass@h", [("h", 6379)], 0, {"username": "user", "password": "pass"}),
        ("redis://user@h", [("h", 6379)], 0, {"username": "user"}),
        ("redis://:p%40s%2Fs%3A%23%25@h", [("h", 6379)], 0, {"password": "p@s/s:#%"}),
        ("redis://a%3Ab:c@h", [("h", 6379)], 0, {"username": "a:b", "password": "c"}),
        ("redis://:p@ss:w@h", [("h", 6379)], 0, {"password": "p@ss:w"}),
        ("rediss://h", [("h", 6379)], 0, {}),
        ("redis+cluster://a,b:7001,[::1]:7002", [("a", 6379), ("b", 7001), ("::1", 7002)], 0, {}),
        ("redis+sentinel://a,b:1/main/2", [("a", 26379), ("b", 1)], 2, {}),
        ("redis+sentinel://:x@a", [("a", 26379)], 0, {"password": "x"}),
        ("unix:///run/a%20b.sock", [], 0, {}),
        ("unix://:x@/run/a.sock?db=2", [], 2, {"password": "x"}),
    ],
)
def test_url_is_understood(
    url: str, hosts: list[tuple[str, int]], db: int, login: dict[str, str]
) -> None:
    """Hosts with their standard ports, the database, and whoever logs in."""
    address = parse_address(url)
    assert (address.hosts, address.db, address.login) == (hosts, db, login)
    assert address.tls == ({"ssl": True} if url.startswith("rediss") else {})


def test_path_names_the_socket_or_the_service() -> None:
    """Of the one the whole path, of the other its first part."""
    assert parse_address("unix:///run/a%20b.sock").path == "/run/a b.sock"
    assert parse_address("redis+sentinel://a/main/2").path == "main"
    assert parse_address("redis+sentinel://a").path == ""


@pytest.mark.parametrize("scheme", ["rediss", "redis+sentinel", "redis+cluster"])
def test_authority_file_turns_tls_on(scheme: str, tmp_path: Path) -> None:
    """For Sentinel and Cluster, whose schemes do not say whether they use it."""
    file = tmp_path / "ca.pem"
    file.touch()
    address = parse_address(f"{scheme}://h?ca={file}")
    assert address.tls == {"ssl": True, "ssl_ca_certs": str(file)}
    with pytest.raises(SettingsError, match="there is no file"):
        parse_address(f"{scheme}://h?ca={tmp_path}/other.pem")


def test_sentinel_and_cluster_can_use_the_systems_authorities() -> None:
    """``?tls`` with or without a value."""
    for url in ("redis+cluster://h?tls", "redis+sentinel://h/main?tls=1"):
        assert parse_address(url).tls == {"ssl": True}


@pytest.mark.parametrize(
    "url",
    [
        *("", "redis", "redis:", "redis:h", "http://h", "Redis://h", "redis+tls://h", "redis://"),
        *("redis://h:0", "redis://h:65536", "redis://h:x", "redis://h:1:2", "redis://::1"),
        *("redis://[::1", "redis://[x]", "redis://a,b", "redis://a b", "redis://h/x", "redis://h/-1"),
        *("redis://h/1.5", "redis://h?db=x", "redis://h?ca=/etc/hostname", "redis://h?timeout=5"),
        *("redis://h#1", "redis://h\n", "redis+cluster://", "redis+cluster://a,", "redis+cluster://a/1"),
        *("redis+cluster://a?db=1", "redis+sentinel:///main", "redis+sentinel://a/main/x"),
        *("unix://", "unix://run/a.sock", "unix://h/a.sock", "unix:///a.sock?ca=/etc/hostname"),
        *("rediss://h?tls=1", "redis://h/99999999999"),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_the_name_of_the_setting(url: str) -> None:
    """Never a driver's error, never a guess."""
    with pytest.raises(SettingsError, match=r"^redis_url: "):
        connect(url)


@pytest.mark.parametrize(
    "url",
    [
        *("redis://:s3cr/et@h", "redis://:s3cr#et@h", "redis://:s3cr?et@h", "redis://u:s3cr@h:x"),
        *("redis://u:s3cr@", "http://u:s3cr@h", "redis://:s3cr@h?s3cr=1", "redis://:s3cr@h/s3cr"),
        *("redis+sentinel://u:s3cr@h,/x", "unix://:s3cr@x", "redis://s3cr:@[h"),
    ],
)
def test_error_about_a_url_repeats_no_password(url: str) -> None:
    """Neither where it was not escaped, nor in the error's causes."""
    with pytest.raises(SettingsError) as caught:
        connect(url)
    error: BaseException | None = caught.value
    while error is not None:
        assert "s3cr" not in str(error)
        error = error.__cause__ or error.__context__

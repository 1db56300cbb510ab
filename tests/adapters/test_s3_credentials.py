"""S3Objects and who it is: every link of AWS's chain, none, wrong ones, and ones that may not."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from aiobotocore.session import AioSession
from aiohttp import web
from aiohttp.test_utils import RawTestServer
from sos.adapters.s3 import S3Objects, connection
from sos.errors import ObjectStoreError

from tests.servers.s3 import *  # noqa: F403 - fixtures
from tests.servers.s3 import CREDENTIALS, S3, use_environ
from tests.servers.s3_faults import *  # noqa: F403 - fixtures
from tests.servers.s3_faults import S3Faults

NAME = "20260101-120000-0a1b2c3d/release.json"
KEYS = "aws_access_key_id = {0}\naws_secret_access_key = secret\n"
ANSWER = {
    "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z",
    "SecretAccessKey": "secret", "Token": "token", "Expiration": "2099-01-01T00:00:00Z",
}  # fmt: skip


@asynccontextmanager
async def opened(s3: S3) -> AsyncIterator[S3Objects]:
    """A store of the bucket of ``s3`` with the defaults of production."""
    objects = S3Objects(s3.bucket, "releases")
    try:
        yield objects
    finally:
        await objects.aclose()


@asynccontextmanager
async def metadata_service(failures: int = 0) -> AsyncIterator[str]:
    """What answers in an instance (IMDSv2) and in a container, after so many failures of each URL."""
    seen: dict[str, int] = {}

    async def answer(request: web.BaseRequest) -> web.Response:
        seen[request.path] = seen.get(request.path, 0) + 1
        if request.path.endswith("/token"):
            return web.Response(text="imds-token")
        if seen[request.path] <= failures:
            return web.Response(status=500)
        if request.path == "/container":
            return web.json_response({**ANSWER, "AccessKeyId": "from-container"})
        if request.headers.get("x-aws-ec2-metadata-token") != "imds-token":
            return web.Response(status=401)
        if request.path.endswith("/security-credentials/"):
            return web.Response(text="role")
        return web.json_response({**ANSWER, "AccessKeyId": "from-instance"})

    async with RawTestServer(answer) as server:
        yield str(server.make_url("")).rstrip("/")


def without_keys(environ: dict[str, str], **more: str) -> dict[str, str]:
    """An environment that says where S3 is, and not who one is."""
    return {name: value for name, value in environ.items() if name not in CREDENTIALS} | more


async def fetch_signers(objects: S3Objects, faults: S3Faults) -> set[str]:
    """The access keys that requests are signed with."""
    faults.requests.clear()
    await objects.list_names()
    return {seen.access_key for seen in faults.requests}


@pytest.fixture
def environ(s3_faults: S3Faults) -> dict[str, str]:
    """Without keys; requests go through `s3_faults`, which sees who signed them."""
    return without_keys(s3_faults.environ)


async def test_keys_come_from_the_environment(
    s3: S3, s3_faults: S3Faults, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything else."""
    use_environ(monkeypatch, {**environ, **CREDENTIALS})
    async with opened(s3) as objects:
        assert await fetch_signers(objects, s3_faults) == {"test-access-key"}


async def test_keys_come_from_a_profile(
    s3: S3, s3_faults: S3Faults, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    """AWS_PROFILE names it, of the credentials file or of the config file."""
    (tmp_path / "credentials").write_text(f"[one]\n{KEYS.format('from-file')}")
    (tmp_path / "config").write_text(f"[profile two]\n{KEYS.format('from-config')}")
    environ["AWS_SHARED_CREDENTIALS_FILE"] = str(tmp_path / "credentials")
    environ["AWS_CONFIG_FILE"] = str(tmp_path / "config")
    for profile, key in (("one", "from-file"), ("two", "from-config")):
        use_environ(monkeypatch, {**environ, "AWS_PROFILE": profile})
        async with opened(s3) as objects:
            assert await fetch_signers(objects, s3_faults) == {key}


async def test_keys_come_from_a_process(
    s3: S3, s3_faults: S3Faults, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    """``credential_process`` of a profile."""
    keys = {"Version": 1, "AccessKeyId": "from-process", "SecretAccessKey": "s"}
    (tmp_path / "keys").write_text(json.dumps(keys))
    (tmp_path / "config").write_text(f"[default]\ncredential_process = cat {tmp_path / 'keys'}\n")
    use_environ(monkeypatch, {**environ, "AWS_CONFIG_FILE": str(tmp_path / "config")})
    async with opened(s3) as objects:
        assert await fetch_signers(objects, s3_faults) == {"from-process"}


async def test_keys_come_from_a_web_identity(
    s3: S3, s3_faults: S3Faults, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    """What a pod of Kubernetes has: a token in a file, and a role that STS lends for it."""
    (tmp_path / "token").write_text("web-identity-token")
    environ |= {
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/sos",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ENDPOINT_URL_STS": s3.url,
    }
    use_environ(monkeypatch, environ)
    async with opened(s3) as objects:
        (signer,) = await fetch_signers(objects, s3_faults)
        assert signer.startswith("ASIA")


async def test_keys_come_from_the_container(
    s3: S3, s3_faults: S3Faults, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ECS, EKS pod identity."""
    async with metadata_service() as url, opened(s3) as objects:
        uri = f"{url}/container"
        use_environ(monkeypatch, {**environ, "AWS_CONTAINER_CREDENTIALS_FULL_URI": uri})
        assert await fetch_signers(objects, s3_faults) == {"from-container"}


async def test_keys_come_from_the_instance_though_it_fails_at_first(
    s3: S3, s3_faults: S3Faults, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """EC2: each question is asked three times; the default is once."""
    async with metadata_service(failures=2) as url, opened(s3) as objects:
        del environ["AWS_EC2_METADATA_DISABLED"]
        use_environ(monkeypatch, {**environ, "AWS_EC2_METADATA_SERVICE_ENDPOINT": url})
        assert await fetch_signers(objects, s3_faults) == {"from-instance"}


async def test_region_is_the_one_of_the_environment(
    s3: S3, s3_faults: S3Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_REGION as all of AWS's newer tools read it, or AWS_DEFAULT_REGION; paths name the bucket."""
    use_environ(monkeypatch, {**s3_faults.environ, "AWS_DEFAULT_REGION": "eu-west-1"})
    for region in ("eu-central-1", ""):
        monkeypatch.setenv("AWS_REGION", region)
        s3_faults.requests.clear()
        async with opened(s3) as objects:
            with pytest.raises(ObjectStoreError):
                await objects.fetch(NAME, 10)
        (seen,) = s3_faults.requests
        assert seen.region == (region or "eu-west-1")
        assert seen.path == f"/{s3.bucket}/releases/{NAME}"


async def test_without_credentials_it_says_so_and_finds_them_when_they_come(
    s3: S3, s3_faults: S3Faults, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked of S3 anonymously."""
    use_environ(monkeypatch, environ)
    async with opened(s3) as objects:
        for _ in range(2):
            with pytest.raises(ObjectStoreError, match="Unable to locate credentials"):
                await objects.list_names()
        assert s3_faults.requests == []
        use_environ(monkeypatch, {**environ, **CREDENTIALS})
        assert await objects.list_names() == ()


async def test_metadata_service_that_hangs_is_given_up(
    s3: S3, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a time that is known (20 s, here 2 s), however many wait for it."""
    monkeypatch.setattr(connection, "CREDENTIALS_SECONDS", 2.0)
    released = asyncio.Event()

    async def hang(_: web.BaseRequest) -> web.Response:
        await released.wait()
        return web.Response(status=500)

    async with RawTestServer(hang) as server, opened(s3) as objects:
        del environ["AWS_EC2_METADATA_DISABLED"]
        environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = str(server.make_url("")).rstrip("/")
        use_environ(monkeypatch, environ)
        started = time.monotonic()
        calls = (objects.list_names(), objects.fetch(NAME, 10), objects.delete(NAME))
        failures = await asyncio.gather(*calls, return_exceptions=True)
        took = time.monotonic() - started
        released.set()
    print(f"no metadata service: {took:.2f} s: {failures[0]}")
    assert {type(failure) for failure in failures} == {ObjectStoreError}
    assert took < 5


@contextmanager
def authorizing(s3: S3) -> Iterator[None]:
    """Within, moto asks for keys that exist and for policies that allow what is done."""
    before = json.loads(s3.request("POST", "/moto-api/reset-auth", b"0"))
    try:
        yield
    finally:
        count = before["PREVIOUS_INITIAL_NO_AUTH_ACTION_COUNT"].encode()
        s3.request("POST", "/moto-api/reset-auth", count)


async def create_user(s3: S3, *actions: str) -> dict[str, str]:
    """The keys of a new user who may do these actions, as environment."""
    client = AioSession().create_client("iam", region_name="us-east-1", endpoint_url=s3.url)
    async with client as iam:
        name = f"user-{time.monotonic_ns()}"
        await iam.create_user(UserName=name)
        if actions:
            statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            await iam.put_user_policy(UserName=name, PolicyName="sos", PolicyDocument=policy)
        key = (await iam.create_access_key(UserName=name))["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


async def test_what_is_denied_is_no_missing_object(
    aws: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says denied, where, and AWS's code; it holds no key."""
    async with opened(aws) as objects:
        await objects.put(NAME, b"1")
    keys = await create_user(aws)
    use_environ(monkeypatch, {**aws.environ, **keys})
    with authorizing(aws):
        async with opened(aws) as objects:
            calls = {
                "fetch": lambda: objects.fetch(NAME, 10),
                "put": lambda: objects.put("other", b""),
                "list": objects.list_names,
                "delete": lambda: objects.delete(NAME),
            }
            for what, call in calls.items():
                with pytest.raises(ObjectStoreError, match=f"can't {what}: denied") as caught:
                    await call()
                print(caught.value)
                assert type(caught.value) is ObjectStoreError
                assert "AccessDenied" in str(caught.value)
                assert f"s3://{aws.bucket}/releases/" in str(caught.value)
                assert not [key for key in keys.values() if key in str(caught.value)]


async def test_who_may_write_but_not_look_can_publish(
    aws: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 answers 403 to the look; whether the object exists is decided by the write."""
    keys = await create_user(aws, "s3:PutObject")
    use_environ(monkeypatch, {**aws.environ, **keys})
    with authorizing(aws):
        async with opened(aws) as objects:
            await objects.put(NAME, b"1")
            with pytest.raises(ObjectStoreError, match="exists already"):
                await objects.put(NAME, b"2")


async def test_new_credentials_are_looked_for_when_the_old_ones_are_refused(
    aws: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that was revoked; the one that replaced it needs no restart, also under load."""
    keys = await create_user(aws, "s3:*")
    with authorizing(aws):
        async with opened(aws) as objects:
            failures = await asyncio.gather(
                *(objects.list_names() for _ in range(5)), return_exceptions=True
            )
            assert {type(failure) for failure in failures} == {ObjectStoreError}
            assert "InvalidAccessKeyId" in str(failures[0])
            assert "test-access-key" not in str(failures[0])
            use_environ(monkeypatch, {**aws.environ, **keys})
            await asyncio.gather(*(objects.list_names() for _ in range(5)))


def test_driver_is_loaded_by_its_first_use_only() -> None:
    """It takes half as long as a node may take to start; who keeps releases in a folder never pays."""
    code = "import sys, sos.adapters.s3; print([m for m in sys.modules if 'botocore' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_loading_the_driver_leaves_the_event_loop_free(aws: S3) -> None:
    """In a fresh process, with a clock beside the first call."""
    code = """
import asyncio, sys, time
from sos.adapters.s3 import S3Objects, connection

async def main():
    worst = 0.0
    async def tick():
        nonlocal worst
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - before)
    clock = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    objects = S3Objects(sys.argv[1])
    before = time.perf_counter()
    await objects.list_names()
    took = time.perf_counter() - before
    clock.cancel()
    await objects.aclose()
    print(took, worst)

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, aws.bucket],
        capture_output=True, text=True, check=True, env=dict(os.environ),
    )  # fmt: skip
    took, worst = map(float, done.stdout.split())
    print(f"first call of a process: {took * 1000:.0f} ms; loop held for {worst * 1000:.0f} ms")
    assert done.stderr == ""
    assert worst < took / 2

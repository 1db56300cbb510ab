"""What the private port says about a node, from what its workers said last."""

import time
from typing import Any

import msgspec
import pytest
from pytest_aiohttp import AiohttpClient
from sos.describe_settings import ROOT
from sos.metrics import Metrics
from sos.rollout.verdict import Verdict
from sos.web.channel import Beat, SelfRender, ServiceStatus
from sos.web.exposition import CONTENT_TYPE, build_exposition
from sos.web.health import NodeView, WorkerView, decide_health, decide_livez
from sos.web.private import create_private_app


def a_worker(index: int = 0, **changes: Any) -> WorkerView:
    view = WorkerView(
        worker=index,
        pid=100 + index,
        alive=True,
        ready=True,
        silent_seconds=0.2,
        restarts=0,
        beat=Beat(
            ready=True,
            status=ServiceStatus(release="r-1", content_revision=9, content_lag_seconds=0.5),
            self_render=SelfRender(failures=0, passed=True, age_seconds=1.0),
            samples={},
        ),
    )
    return msgspec.structs.replace(view, **changes)


def a_beat(**status: Any) -> Beat:
    beat = a_worker().beat
    assert beat is not None
    return msgspec.structs.replace(beat, status=msgspec.structs.replace(beat.status, **status))


def a_node(*workers: WorkerView, draining: bool = False) -> NodeView:
    return NodeView(
        version="0.1.0", pid=99, uptime_seconds=12.34, draining=draining, workers=workers
    )


class AJudge:
    def judge(self) -> Verdict:
        return Verdict(200, "current")

    def describe(self) -> dict[str, Any]:
        return {"verdict": "current"}


def test_healthy_node_is_200_and_names_what_it_serves() -> None:
    """One look at the answer tells the release, the content revision and its lag."""
    status, body = decide_health(a_node(a_worker(0), a_worker(1)))
    assert status == 200
    assert body["status"] == "ok"
    assert body["reasons"] == []
    assert body["release"] == "r-1"
    assert body["content_revision"] == 9
    assert body["dependencies"]["content_store"] == {"ok": True, "stale": False, "lag_seconds": 0.5}
    assert [worker["worker"] for worker in body["workers"]] == [0, 1]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (a_worker(1, ready=False, beat=None), "worker 1 is not ready"),
        (a_worker(1, ready=False), "worker 1 does not answer"),
        (a_worker(1, beat=a_beat(release=None)), "worker 1 has no active release"),
    ],
)
def test_one_bad_worker_fails_the_node(bad: WorkerView, reason: str) -> None:
    """A load balancer can't choose the worker, so each of them has to be well."""
    status, body = decide_health(a_node(a_worker(0), bad))
    assert status == 503
    assert body["reasons"] == [reason]


def test_one_failed_self_render_is_forgiven_two_are_not() -> None:
    """A hiccup of one rendering takes no node out; the second in a row does."""
    beat = a_beat()
    once = msgspec.structs.replace(beat, self_render=SelfRender(1, True, 0.1))
    twice = msgspec.structs.replace(beat, self_render=SelfRender(2, True, 0.1))
    never = msgspec.structs.replace(beat, self_render=SelfRender(1, False, 0.1))
    assert decide_health(a_node(a_worker(beat=once)))[0] == 200
    assert decide_health(a_node(a_worker(beat=twice)))[0] == 503
    assert decide_health(a_node(a_worker(beat=never)))[0] == 503


def test_content_store_is_reported_and_never_fails_the_node() -> None:
    """A whole fleet must not leave because one dependency of all of them is away."""
    beat = a_beat(store_ok=False, stale=True, content_lag_seconds=4000.0)
    status, body = decide_health(a_node(a_worker(0), a_worker(1, beat=beat)))
    assert status == 200
    store = body["dependencies"]["content_store"]
    assert store == {"ok": False, "stale": True, "lag_seconds": 4000.0}


def test_unknown_lag_is_null_not_zero() -> None:
    """A worker that never saw the whole store has no lag to report."""
    beat = a_beat(content_lag_seconds=None)
    body = decide_health(a_node(a_worker(0), a_worker(1, beat=beat)))[1]
    assert body["dependencies"]["content_store"]["lag_seconds"] is None


def test_release_has_to_match_exactly_on_every_worker() -> None:
    """``templateRelease=X`` is a question about each worker."""
    mixed = a_node(a_worker(0), a_worker(1, beat=a_beat(release="r-10")))
    assert decide_health(mixed)[0] == 200
    assert decide_health(mixed)[1]["release"] is None
    status, body = decide_health(mixed, "r-1")
    assert status == 503
    assert body["reasons"] == ["worker 1 serves release r-10"]
    assert decide_health(a_node(a_worker()), "r-1")[0] == 200
    assert decide_health(a_node(a_worker()), "")[0] == 503


def test_draining_node_is_503_and_alive() -> None:
    """The load balancer takes it out; whoever restarts dead nodes leaves it alone."""
    node = a_node(a_worker(), draining=True)
    assert decide_health(node)[0] == 503
    assert decide_health(node)[1]["status"] == "draining"
    assert decide_livez(node)[0] == 200


def test_starting_is_told_from_unhealthy() -> None:
    """Before its workers were ready for the first time a node is starting, afterwards unwell."""
    assert decide_health(a_node(a_worker(ready=False, beat=None)))[1]["status"] == "starting"
    replaced = a_worker(ready=False, beat=None, restarts=1)
    assert decide_health(a_node(replaced))[1]["status"] == "unhealthy"


def test_node_whose_port_is_not_open_yet_gets_no_traffic() -> None:
    """Ready is not enough: between that and the first `listen` a connection would be refused."""
    deaf = msgspec.structs.replace(a_beat(), listening=False)
    status, body = decide_health(a_node(a_worker(0), a_worker(1, beat=deaf)))
    assert (status, body["status"]) == (503, "starting")
    assert body["reasons"] == ["worker 1 is not listening"]


def test_livez_fails_for_a_silent_worker_only() -> None:
    """Liveness asks whether loops run; releases and content are none of its business."""
    assert decide_livez(a_node(a_worker(ready=False, beat=None)))[0] == 200
    status, body = decide_livez(a_node(a_worker(0), a_worker(1, alive=False)))
    assert (status, body["silent_workers"]) == (503, [1])


async def test_private_port_answers_its_paths(aiohttp_client: AiohttpClient) -> None:
    """/livez, /health and /health-elb are JSON and uncached, /metrics is Prometheus text."""
    metrics = Metrics()
    app = create_private_app(
        lambda: a_node(a_worker()),
        lambda: (CONTENT_TYPE, build_exposition(metrics.snapshot())),
        AJudge(),
    )
    client = await aiohttp_client(app)
    for path in ("/livez", "/health", "/health-elb", "/health?templateRelease=r-1"):
        answer = await client.get(path)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert (await answer.json())["status"] == "ok" or path == "/health-elb"
    assert (await (await client.get("/health-elb")).json())["status"] == "current"
    assert (await (await client.get("/health")).json())["rollout"] == {"verdict": "current"}
    assert (await client.get("/health?templateRelease=r-2")).status == 503
    answer = await client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE sos_requests_total counter" in await answer.text()
    assert (await client.get("/")).status == 404
    assert (await client.post("/health")).status == 405


def test_health_of_64_workers_takes_under_5_ms() -> None:
    """The answer comes from memory: a load balancer asks every few seconds, from many places."""
    node = a_node(*(a_worker(n) for n in range(64)))
    best = min(_time_health(node) for _ in range(20))
    assert best < 0.005


def _time_health(node: NodeView) -> float:
    began = time.perf_counter()
    msgspec.json.encode(decide_health(node, "r-1")[1])
    return time.perf_counter() - began


def test_every_member_of_the_answer_is_documented() -> None:
    """docs/health.md describes the shape that others build upon."""
    text = (ROOT / "docs" / "health.md").read_text()
    body = msgspec.json.decode(msgspec.json.encode(decide_health(a_node(a_worker()))[1]))
    example = msgspec.json.decode(text.split("## `/health`")[1].split("```")[1].strip("json\n"))
    assert example.keys() == {*body, "rollout"}
    assert example["workers"][0].keys() == body["workers"][0].keys()
    assert example["dependencies"] == body["dependencies"] | example["dependencies"]
    for member in (*body, *body["workers"][0]):
        assert f"`{member}`" in text

"""What is sent to peers, what is made of their answers, and whether the generator keeps its rate."""

from __future__ import annotations

import gzip
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest
from bench.check import Answer, WrongAnswerError, judge_answer
from bench.heads import build_browsers, build_plain
from bench.open_loop import Connection, Generator, describe, percentile
from bench.processes import choose_cores, count_cpu
from bench.roster import load_peers
from bench.steady import HOT, draw_paths, hot_paths
from bench.wrk import parse_report

PAGE = b'<h2 class="card-title"><a href="/a/">Old oak</a></h2>' * 20


def build_answer(body: bytes, status: int = 200) -> Answer:
    """An answer with a body that is gzipped."""
    return Answer(status, {"content-encoding": "gzip"}, gzip.compress(body))


def test_same_bytes_are_the_page() -> None:
    """However they are packed."""
    assert judge_answer(build_answer(PAGE), PAGE) == "the same bytes"


def test_page_that_a_peer_renders_has_the_same_posts_at_the_same_size() -> None:
    """Small differences are those of another template language."""
    assert judge_answer(build_answer(PAGE + b" " * 9), PAGE).startswith("the same posts, 1.01")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (build_answer(b"moved", status=301), "it answers 301"),
        (build_answer(PAGE * 2), "bytes instead of"),
        (build_answer(PAGE.replace(b"Old oak", b"New oak")), "posts are not on its page"),
        (Answer(200, {"content-encoding": "br"}, b""), "packed with br"),
    ],
)
def test_what_is_not_the_page_is_refused(answer: Answer, reason: str) -> None:
    """A quick answer is worth nothing if it is another one."""
    with pytest.raises(WrongAnswerError, match=reason):
        judge_answer(answer, PAGE)


def test_requests_of_browsers_are_all_different_and_complete() -> None:
    """No server can know them by their bytes."""
    requests = build_browsers(["/", "/a/"], "www.example.org", 200)
    assert len(set(requests)) == 200
    assert all(one.endswith(b"\r\n\r\n") and one.count(b"\r\n") == 17 for one in requests)
    assert requests[1].startswith(b"GET /a/ HTTP/1.1\r\nHost: www.example.org\r\n")


def test_plain_request_has_wrks_two_lines_and_what_is_asked_for() -> None:
    """A validator, for answers without a body."""
    (request,) = build_plain(["/"], "h", {"If-None-Match": '"x"'})
    expected = b'GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\nIf-None-Match: "x"\r\n\r\n'
    assert request == expected


def test_mixed_traffic_is_mixed_as_it_says() -> None:
    """90 of 100 requests for the hot pages, and thousands of different ones all together."""
    paths = draw_paths(5_000)
    hot = set(hot_paths())
    assert len(hot) == HOT
    assert 0.88 < sum(path in hot for path in paths) / len(paths) < 0.92
    assert len(set(paths)) > 300


def test_report_of_wrk_is_read_and_failures_are_counted() -> None:
    """All kinds of them together."""
    line = (
        '{"requests":500,"duration":1000000,"bytes":9,"connect":1,"read":2,"write":3,"timeout":4,'
        '"status":5,"p50":250,"p90":300,"p99":12500,"max":20000}'
    )
    load = parse_report(f"Running 1s test\n\n{line}\n")
    assert (load.rate, load.failed, load.p50_ms, load.p99_ms) == (500.0, 15, 0.25, 12.5)
    with pytest.raises(RuntimeError, match="wrk said nothing"):
        parse_report("unable to connect")


def test_server_and_load_have_processors_of_their_own_where_there_are_enough() -> None:
    """With too few, the load shares those of the server, and the results say so."""
    assert choose_cores(1, [5]).shared
    for workers, cores in ((1, range(1000, 1002)), (2, range(1000, 1004))):
        chosen = choose_cores(workers, cores)
        assert len(chosen.server) == workers
        assert not chosen.shared


def test_processor_time_counts_new_processes_whole() -> None:
    """And of known ones what they took since."""
    before = {(1, 0.5): 10.0, (2, 0.5): 3.0}
    assert count_cpu(before, {(1, 0.5): 10.5, (7, 9.0): 0.25}) == 0.75


def test_percentiles_are_in_milliseconds() -> None:
    """Of seconds; none of nothing."""
    assert percentile([n / 1000 for n in range(100)], 0.99) == 99.0
    assert percentile([], 0.5) == 0.0


def test_answer_is_whole_when_its_last_byte_is_here() -> None:
    """However it is cut, and whatever its head says besides."""
    whole = b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 4\r\n\r\nbody"
    connection = Connection(sock=None)  # type: ignore[arg-type]
    assert [connection.feed(bytes([byte])) for byte in whole][-2:] == [0, 200]
    assert connection.feed(b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n") == 304
    with pytest.raises(ValueError, match="without Content-Length"):
        connection.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")


class Slow(socketserver.BaseRequestHandler):
    """Answers; the first request of all after a pause."""

    pause = 0.2
    first = threading.Lock()

    def handle(self) -> None:
        while self.request.recv(4096):
            if self.first.acquire(blocking=False):
                time.sleep(self.pause)
            self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


class Server(socketserver.ThreadingTCPServer):
    """A thread for each connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64


@pytest.fixture
def slow_port() -> Iterator[int]:
    """A server of these, which forgets that it was slow before."""
    Slow.first = threading.Lock()
    with Server(("127.0.0.1", 0), Slow) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_server_that_hangs_can_not_hide_behind_its_only_connection(slow_port: int) -> None:
    """Requests that were due while it hung count from then, though they could not be sent."""
    generator = Generator(slow_port, build_plain(["/"], "h"), rate=200.0, connections=1)
    generator.run(60)
    figures = describe(generator)
    assert figures["statuses"] == {"200": 60}
    assert figures["broken"] == 0
    # 40 requests were due within the pause; the one in its middle waited for half of it.
    assert figures["max_ms"] >= Slow.pause * 1000
    # Sent one after the other, all but the first were answered at once: that alone would lie.
    assert sum(latency > Slow.pause / 2 for latency in generator.since_sent) < 15
    assert sum(latency > Slow.pause / 2 for latency in generator.latencies) >= 15
    generator.close()


def test_generator_sends_in_time_and_not_before(slow_port: int) -> None:
    """60 requests at 200 a second are 0.3 s, and each is late by little."""
    generator = Generator(slow_port, build_plain(["/"], "h"), rate=200.0, connections=8)
    generator.run(60)
    assert generator.seconds >= 59 / 200
    assert min(generator.lags) >= 0
    assert len(generator.lags) == 60
    generator.close()


def test_bench_has_no_peer_of_a_name_twice() -> None:
    """Results are kept by name."""
    names = [peer.name for peer in load_peers()]
    assert len(names) == len(set(names))
    assert {"nginx", "varnish", "aiohttp", "sos", "sos-no-front", "sos-uncached"} <= set(names)
    with pytest.raises(KeyError, match="no such peer: nobody"):
        load_peers(["nobody"])

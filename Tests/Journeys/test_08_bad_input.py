"""Wrong settings, wrong bytes, wrong keys, a dead origin: each gets a clear answer."""
import os
import re
import socket
import time

import pytest

from support.cluster import s3_client
from support.http import fetch, raw
from support.program import accepts, eventually, free_port, run

# What a person should never see.
INNARDS = re.compile(r"Fatal error|Stack dump|\.swift:\d+|0x[0-9a-f]{8,}|NIOCore\.|Errno\(|Optional\(|GRDB|precondition")


def one_clear_sentence(outcome, *words: str):
    """The command failed with a short text that has the words that matter and no innards of the program."""
    assert not INNARDS.search(outcome.both), outcome
    assert 0 < len(outcome.err.strip().splitlines()) <= 6, outcome
    for word in words:
        assert word.lower() in outcome.err.lower(), f"'{word}' is not in: {outcome}"


# Settings

EDGE = """node: edge-1
listen:
  - address: 127.0.0.1:{port}
status: 127.0.0.1:{status}
cache:
  memory: 64MiB
sites:
  - hosts: ["*"]
    origin: {{ type: s3, endpoint: "http://127.0.0.1:9", bucket: site }}
"""

WRONG = {
    "unknown key": ("  memory: 64MiB", "  memroy: 64MiB", 6, 3, "memroy"),
    "wrong type": ("  memory: 64MiB", "  memory: [64]", 6, 11, "a list"),
    "impossible size": ("  memory: 64MiB", "  memory: 64 parsecs", 6, 11, "64 parsecs"),
    "no port": ("127.0.0.1:{port}", "127.0.0.1", 3, 14, "127.0.0.1"),
    "port too large": ("127.0.0.1:{port}", "127.0.0.1:99999", 3, 14, "99999"),
    "unknown origin": ("type: s3", "type: ftp", 9, 21, "ftp"),
    "not YAML": ("cache:", "cache: [", None, None, ""),
    "environment": ("bucket: site", 'bucket: site, access_key: k, secret_key: "env:NOT_SET_ANYWHERE"', 9, None,
                    "NOT_SET_ANYWHERE"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_setting_names_file_line_and_column(apus, tmp_path, case):
    find, replacement, line, column, word = WRONG[case]
    port, status = free_port(), free_port()
    text = EDGE.replace(find, replacement)
    assert text != EDGE
    file = tmp_path / "edge.yaml"
    file.write_text(text.format(port=port, status=status))
    outcome = run([apus, "edge", "--config", file], os.environ | {"HOME": str(tmp_path)}, timeout=10)
    assert outcome.status == 78, outcome
    at = re.search(r"edge\.yaml:(\d+):(\d+):", outcome.err)
    assert at, f"no file:line:column in {outcome}"
    if line:
        assert int(at[1]) == line, outcome
    if column:
        assert int(at[2]) == column, outcome
    one_clear_sentence(outcome, word)
    assert not accepts(port) and not accepts(status)


def test_all_errors_of_a_file_at_once(apus, tmp_path):
    file = tmp_path / "edge.yaml"
    file.write_text(EDGE.format(port=1234, status=1235).replace("64MiB", "much").replace("type: s3", "type: ftp"))
    outcome = run([apus, "edge", "--config", file], os.environ | {"HOME": str(tmp_path)}, timeout=10)
    assert outcome.status == 78
    assert len(re.findall(r"edge\.yaml:\d+:\d+:", outcome.err)) == 2, outcome


@pytest.mark.parametrize("role", ["edge", "origin", "control"])
def test_a_missing_file_of_settings(apus, tmp_path, role):
    outcome = run([apus, role, "--config", tmp_path / "none.yaml"], os.environ | {"HOME": str(tmp_path)}, timeout=10)
    assert outcome.status == 78, outcome
    one_clear_sentence(outcome, "none.yaml")


# The machine

def test_a_port_in_use(stage):
    cluster = stage.cluster(edges=2)
    first, second = cluster.edges
    second.stop()
    text = second.file.read_text().replace(f"127.0.0.1:{second.port}", f"127.0.0.1:{first.port}")
    second.file.write_text(text)
    outcome = run(second.command, second.environment, timeout=15)
    assert outcome.status == 1, outcome
    assert str(first.port) in outcome.both and "in use" in outcome.both.lower(), outcome
    assert not INNARDS.search(outcome.both), outcome
    first.check()


@pytest.mark.parametrize("role", ["origin", "control"])
def test_an_unwritable_folder(stage, role):
    cluster = stage.cluster(start=False, edges=0)
    program = {"origin": cluster.origin, "control": cluster.control}[role]
    file = cluster.folder / f"{role}.yaml"
    place = {"origin": f"{cluster.folder}/origin", "control": f"{cluster.folder}/control.sqlite"}[role]
    # Below a file nothing can be made, not even by root.
    file.write_text(file.read_text().replace(place, "/dev/null/apus"))
    outcome = run(program.command, program.environment, timeout=15)
    assert outcome.status in (1, 78), outcome
    assert "/dev/null/apus" in outcome.both, outcome
    assert not INNARDS.search(outcome.both), outcome


def test_an_edge_whose_disk_cannot_be_used_serves_without_it_and_says_so(stage):
    cluster = stage.cluster(start=False, edges=1, with_control=False)
    edge = cluster.edges[0]
    edge.file.write_text(edge.file.read_text().replace(f"{cluster.folder}/edge-1-cache", "/dev/null/apus"))
    edge.start()
    ready = fetch(f"http://127.0.0.1:{edge.status_port}/readyz")
    assert ready.status == 200 and b"degraded" in ready.body and b"/dev/null/apus" in ready.body, ready
    assert "/dev/null/apus" in edge.output() and not INNARDS.search(edge.output()), edge.output()


# Buckets and keys

def test_a_missing_bucket(stage):
    cluster = stage.cluster(edges=0)
    source = cluster.folder / "a.css"
    source.write_text("a{}")
    outcome = cluster.cli("put", source, "s3://not-there/")
    assert outcome.status == 1, outcome
    one_clear_sentence(outcome, "not-there", "bucket")


def test_wrong_keys(stage):
    cluster = stage.cluster(edges=0)
    source = cluster.folder / "a.css"
    source.write_text("a{}")
    outcome = cluster.cli("put", source, "s3://site/", AWS_SECRET_ACCESS_KEY="wrong")
    assert outcome.status == 1, outcome
    one_clear_sentence(outcome, "signature")
    assert "wrong" not in outcome.both.replace("are wrong", ""), "the secret is printed"
    outcome = cluster.cli("put", source, "s3://site/", AWS_ACCESS_KEY_ID="nobody")
    assert outcome.status == 1, outcome
    one_clear_sentence(outcome, "access key")
    outcome = cluster.cli("put", source, "s3://site/", AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    assert outcome.status == 1, outcome
    one_clear_sentence(outcome, "key")


@pytest.mark.parametrize("wrong", ["bucket", "key", "secret"])
def test_an_edge_with_a_wrong_bucket_or_key_says_so_without_xml(stage, wrong):
    cluster = stage.cluster(start=False, edges=0, with_control=False)
    cluster.start_origin()
    cluster.s3.create_bucket(Bucket="site")
    options = {"bucket": {"bucket": "gone"}, "key": {"access_key": "nobody"}, "secret": {"secret_key": "not-it"}}[wrong]
    cluster.sites = cluster.bucket_site(**({"bucket": "site"} | options))
    edge = cluster._edge("edge-1", "64MiB", None)
    cluster.edges.append(edge)
    edge.start()
    answer = edge.get("/a.css")
    assert answer.status in ((404,) if wrong == "bucket" else (403, 502)), answer
    assert answer.cache and b"<" not in answer.body[:1] and b"<Error>" not in answer.body, answer
    assert not [name for name, _ in answer.fields if name.lower().startswith("x-amz-")], answer


# Requests

STATUS_LINE = re.compile(rb"HTTP/1\.1 [1-5]\d\d ")
GOOD = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
MALFORMED = {
    "bare line feeds": b"GET / HTTP/1.1\nHost: a\n\n",
    "a bare line feed in the fields": b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
    "obs-fold": b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "length and transfer-encoding": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked"
                                    b"\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
    "a negative length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -4\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "no version": b"GET /\r\nHost: a\r\n\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a zero byte": b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
    "a bad name": b"GET / HTTP/1.1\r\nHost: a\r\nX(: y\r\n\r\n",
    "noise": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\r\n\r\n",
}


@pytest.fixture(scope="module")
def served(module_stage):
    cluster = module_stage.cluster(edges=1, disk=None)
    cluster.put("index.html", b"<!doctype html>front", "text/html")
    return cluster


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_request_gets_400_and_the_connection_closes(served, case):
    # A good request behind the bad one must not be answered: it may be smuggled.
    came, closed = raw(served.edges[0].port, MALFORMED[case] + GOOD, timeout=8)
    assert closed, f"the connection stays open: {came!r}"
    assert came.startswith(b"HTTP/1.1 400 "), came
    assert len(STATUS_LINE.findall(came)) == 1, came
    assert b"connection: close" in came.lower(), came


@pytest.mark.parametrize("head", [
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 33_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(101)) + b"\r\n",
], ids=["33 KB", "102 fields"])
def test_a_head_beyond_its_limits_gets_431(served, head):
    came, closed = raw(served.edges[0].port, head, timeout=8)
    assert closed and came.startswith(b"HTTP/1.1 431 "), came[:200]


def test_a_large_head_within_the_limits_is_served(served):
    head = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " + b"y" * 30_000 + b"\r\n\r\n"
    came, _ = raw(served.edges[0].port, head)
    assert came.startswith(b"HTTP/1.1 200 "), came[:200]


def test_a_head_byte_by_byte_and_pipelined_requests(served):
    with socket.create_connection(("127.0.0.1", served.edges[0].port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in GOOD:
            connection.sendall(bytes([byte]))
            time.sleep(0.002)
        connection.sendall(GOOD * 9 + GOOD.replace(b"Host: a", b"Host: a\r\nConnection: close"))
        came = b""
        while piece := connection.recv(65536):
            came += piece
    assert came.count(b"HTTP/1.1 200 ") == 11, came[:300]
    assert came.count(b"<!doctype html>front") == 11


@pytest.mark.parametrize("body", [
    b"Content-Length: 5\r\n\r\nhello",
    b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
], ids=["length", "chunked"])
def test_the_body_of_a_get_is_drained_or_the_connection_closes(served, body):
    first = b"GET / HTTP/1.1\r\nHost: a\r\n" + body
    came, closed = raw(served.edges[0].port, first + GOOD.replace(b"Host: a", b"Host: a\r\nConnection: close"))
    answers = re.findall(rb"HTTP/1\.1 (\d+)", came)
    assert closed and answers in ([b"200", b"200"], [b"200"]), came[:300]


def test_other_methods_on_a_bucket(served):
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        came, _ = raw(served.edges[0].port, f"{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
                      "Connection: close\r\n\r\n".encode())
        assert came.startswith(b"HTTP/1.1 405 "), (method, came[:200])
        assert b"\r\nallow: " in came.lower(), came


@pytest.mark.parametrize("target", [
    "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/a/%00/b", "/%zz", "/?list-type=2", "/index.html?list-type=2",
])
def test_targets_that_mean_mischief(served, target):
    came, _ = raw(served.edges[0].port, f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    status = int(came.split(b" ", 2)[1])
    assert status in (200, 400, 404), came[:200]
    assert b"root:" not in came and b"<ListBucketResult" not in came
    if "list-type" in target:
        assert status == 200 and b"front" in came, "the query of a bucket's site is neither in the key nor sent on"


def test_an_unknown_host(stage):
    cluster = stage.cluster(start=False, edges=1, with_control=False, disk=None)
    cluster.start_origin()
    cluster.s3.create_bucket(Bucket="site")
    edge = cluster.edges[0]
    edge.file.write_text(edge.file.read_text().replace('hosts: ["*"]', 'hosts: [www.example.com]'))
    edge.start()
    cluster.put("index.html", b"front", "text/html")
    assert edge.get("/", host="www.example.com").status == 200
    assert edge.get("/", host="other.example.com").status in (404, 421)


# A dead origin

def test_a_dead_origin_502_or_the_copy_that_may_be_used(stage):
    cluster = stage.cluster(edges=1)
    edge = cluster.edges[0]
    cluster.put("fresh.css", b"fresh", CacheControl="max-age=600")
    cluster.put("stale.css", b"stale", CacheControl="max-age=1, stale-if-error=600")
    cluster.put("strict.css", b"strict", CacheControl="max-age=1, must-revalidate")
    for name in ("fresh", "stale", "strict"):
        assert edge.get(f"/{name}.css").body == name.encode()
    cluster.origin.kill()
    time.sleep(2.1)

    fresh = edge.get("/fresh.css")
    assert fresh.status == 200 and fresh.hit and fresh.body == b"fresh", fresh
    stale = edge.get("/stale.css")
    assert stale.status == 200 and stale.body == b"stale" and "stale" in stale.cache, stale
    assert int(stale["Age"]) >= 2
    strict = edge.get("/strict.css")
    assert strict.status in (502, 504) and strict.cache, strict
    never = edge.get("/never.css")
    assert never.status == 502 and "fwd=" in never.cache, never
    assert never["Content-Type"] and not INNARDS.search(never.body.decode()), never

    cluster.start_origin()
    eventually(lambda: edge.get("/strict.css").status == 200, what="the origin is used again")


def test_an_edge_without_control_is_not_ready_but_serves(stage):
    cluster = stage.cluster(start=False, edges=1)
    cluster.start_origin()
    cluster.s3.create_bucket(Bucket="site")
    cluster.put("a.css", b"a")
    edge = cluster.edges[0].start(ready=False)
    eventually(lambda: accepts(edge.port), what="the edge listens")
    assert edge.get("/a.css").body == b"a"
    status = f"http://127.0.0.1:{edge.status_port}"
    assert fetch(status + "/healthz").status == 200
    assert fetch(status + "/readyz").status == 503
    cluster.start_control()
    edge.wait_ready()


def test_the_origin_store_refuses_what_is_malformed_too(served):
    came, closed = raw(served.origin_port, MALFORMED["two lengths"] + GOOD, timeout=8)
    assert closed and came.startswith(b"HTTP/1.1 400 "), came
    with pytest.raises(Exception, match="InvalidAccessKeyId|403"):
        s3_client(served.origin_url, access_key="nobody").list_buckets()

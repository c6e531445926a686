"""A file changes, a purge is confirmed, and no request after that gets the old bytes."""
import http.client
import threading
import time

import pytest

ROUNDS = 6


class Hammer:
    """Threads that ask both edges for one path without a pause and note when each request began and what it got."""

    def __init__(self, edges, path: str, threads_each: int = 3, **fields):
        self.seen: list[tuple[float, str, bytes, str]] = []
        self.errors: list[str] = []
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(edge, path, fields), daemon=True)
                        for edge in edges for _ in range(threads_each)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join(20)

    def _run(self, edge, path, fields):
        connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=20)
        while not self.stopped.is_set():
            begin = time.monotonic()
            try:
                connection.request("GET", path, headers={"Accept-Encoding": "identity"} | fields)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200:
                    self.errors.append(f"{edge.name}: {answer.status}")
                self.seen.append((begin, edge.name, body, answer.getheader("Cache-Status") or ""))
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(f"{edge.name}: {error!r}")
                connection.close()
        connection.close()


def version(number: int) -> bytes:
    return f"/* version {number} */\n".encode() + bytes(str(number % 10), "ascii") * 3000


def scopes(cluster, path):
    host = cluster.edges[0].url
    return {
        "url": [host + path],
        "prefix": ["--prefix", host + path.rsplit("/", 1)[0] + "/"],
        "site": ["--site", "127.0.0.1"],
        "all": ["--all"],
    }


@pytest.mark.parametrize("scope", ["url", "prefix", "site", "all"])
def test_after_exit_0_nobody_gets_the_old_bytes(stage, scope):
    cluster = stage.cluster()
    path = "/css/app.css"
    cluster.put(path[1:], version(0))
    for edge in cluster.edges:
        assert edge.get(path).body == version(0)
        assert edge.get(path).hit

    changes = []
    with Hammer(cluster.edges, path) as hammer:
        for number in range(1, ROUNDS + 1):
            time.sleep(0.15)
            cluster.put(path[1:], version(number))
            outcome = cluster.purge(*scopes(cluster, path)[scope])
            changes.append((time.monotonic(), number))
            for edge in cluster.edges:
                assert edge.name in outcome.both, outcome
        time.sleep(1.0)

    assert not hammer.errors, hammer.errors[:5]
    assert len(hammer.seen) > 200
    for begin, edge, body, status in hammer.seen:
        newest = max((number for at, number in changes if at < begin), default=0)
        assert any(body == version(n) for n in range(newest, ROUNDS + 1)), (
            f"{edge} answered {body[:20]!r} ({status}) to a request that began after purge {newest}")
    # The purges were no substitute for a cache: most answers still came from it.
    hits = sum("; hit" in status for *_, status in hammer.seen)
    assert hits > len(hammer.seen) / 2, f"{hits} hits of {len(hammer.seen)}"


def test_coded_forms_go_with_their_parent(stage):
    cluster = stage.cluster()
    cluster.put("app.css", version(1))
    for edge in cluster.edges:
        for coding in ("identity", "gzip", "br"):
            for _ in range(2):
                assert edge.get("/app.css", accept_encoding=coding).decoded == version(1)
    cluster.put("app.css", version(2))
    cluster.purge(cluster.edges[1].url + "/app.css")
    for edge in cluster.edges:
        for coding in ("br", "gzip", "identity"):
            assert edge.get("/app.css", accept_encoding=coding).decoded == version(2)


def test_a_purge_leaves_everything_else(stage):
    cluster = stage.cluster()
    for key in ("a/1.css", "a/2.css", "b/1.css", "ab.css"):
        cluster.put(key, b"/* " + key.encode() + b" */")
        for edge in cluster.edges:
            edge.get("/" + key)
    cluster.purge("--prefix", cluster.edges[0].url + "/a/")
    for edge in cluster.edges:
        assert not edge.get("/a/1.css").hit
        assert not edge.get("/a/2.css").hit
        assert edge.get("/b/1.css").hit
        assert edge.get("/ab.css").hit


def test_a_purge_survives_the_death_of_an_edge(stage):
    """An edge that was dead during the purge may not serve the old bytes from its disk afterwards."""
    cluster = stage.cluster()
    cluster.put("app.css", version(1))
    dead, alive = cluster.edges
    for edge in cluster.edges:
        edge.get("/app.css")
        edge.get("/app.css")
        edge.settle()
    dead.kill()
    cluster.put("app.css", version(2))
    # Whether control waits for the dead edge, or knows that it has gone, is not the point here.
    cluster.cli("purge", alive.url + "/app.css", "--timeout", "3s")
    assert alive.get("/app.css").body == version(2)
    dead.start()
    assert dead.get("/app.css").body == version(2)


def test_a_purged_object_that_has_not_changed_is_a_miss_once(stage):
    cluster = stage.cluster(edges=1)
    edge = cluster.edges[0]
    cluster.put("app.css", version(1))
    edge.get("/app.css")
    tag = edge.get("/app.css")["ETag"]
    cluster.purge("--all")
    answer = edge.get("/app.css", if_none_match=tag)
    assert answer.status == 304 and not answer.hit, answer
    answer = edge.get("/app.css")
    assert answer.hit and answer.body == version(1)

"""An edge with two disks. One of them is taken away while it runs: no 5xx, no wrong byte, and it says so."""
import subprocess
import threading

import pytest
from support.content import made
from support.http import fetch

FILES = {f"assets/{n}.bin": made(f"disks {n}", 3_000 + 1_997 * n) for n in range(140)}
MORE = {f"more/{n}.bin": made(f"more {n}", 90_000 + 997 * n) for n in range(140)}


@pytest.fixture
def disks(stage):
    """A cluster of one edge with the disks `one` and `two`, and little memory, not started yet."""
    cluster = stage.cluster(start=False, edges=1, memory="8MiB", disk=None, with_control=False)
    edge = cluster.edges[0]
    folders = [cluster.folder / "one", cluster.folder / "two"]
    lines = ["  disk:"] + [f"    - {{ path: {folder}, size: 64MiB, admission: always }}" for folder in folders]
    text = edge.file.read_text()
    edge.file.write_text(text.replace("  memory: 8MiB\n", "  memory: 8MiB\n" + "\n".join(lines) + "\n"))
    return cluster, edge, folders


def put(cluster, files):
    for key, body in files.items():
        cluster.put(key, body, "application/octet-stream")


def ask(edge, files):
    hits = 0
    for key, body in files.items():
        answer = edge.get("/" + key)
        assert answer.status == 200 and answer.body == body, (key, answer)
        hits += answer.hit
    return hits


def readiness(edge):
    answer = fetch(f"http://127.0.0.1:{edge.status_port}/readyz")
    return answer.status, answer.body.decode()


def available(edge, folder):
    return edge.metric(f'apus_cache_disk_available{{path="{folder}"}}')


def test_both_disks_are_used_and_survive_a_kill(disks):
    cluster, edge, folders = disks
    cluster.start()
    put(cluster, FILES)
    ask(edge, FILES)
    edge.settle()
    assert readiness(edge) == (200, "ready\n")
    for folder in folders:
        assert available(edge, folder) == 1
        assert edge.metric(f'apus_cache_disk_objects{{path="{folder}"}}') > len(FILES) // 4
    edge.kill()
    edge.start()
    assert ask(edge, FILES) == len(FILES)


def test_a_disk_is_taken_away_while_the_edge_runs(disks):
    cluster, edge, (one, two) = disks
    cluster.start()
    put(cluster, FILES | MORE)
    ask(edge, FILES)
    edge.settle()
    failures = []
    over = threading.Event()

    def visitor():
        while not over.is_set():
            try:
                ask(edge, FILES)
            except AssertionError as error:
                failures.append(error)
                return

    visitors = [threading.Thread(target=visitor) for _ in range(2)]
    for thread in visitors:
        thread.start()
    # What is open stays readable, as it does when a disk is unmounted lazily; no file can be made any more.
    two.rename(cluster.folder / "elsewhere")
    two.write_text("in the way")
    ask(edge, MORE)
    ask(edge, MORE)
    over.set()
    for thread in visitors:
        thread.join()
    assert not failures, failures[0]
    status, text = readiness(edge)
    assert status == 200 and text.startswith(f"ready, degraded: disk {two}: "), text
    assert available(edge, two) == 0 and available(edge, one) == 1
    # Without it from the start.
    edge.kill()
    edge.start()
    status, text = readiness(edge)
    assert status == 200 and f"disk {two}: " in text, text
    ask(edge, FILES)
    ask(edge, MORE)
    # Back again: it was away, and starts empty.
    edge.kill()
    two.unlink()
    (cluster.folder / "elsewhere").rename(two)
    edge.start()
    assert readiness(edge) == (200, "ready\n")
    assert edge.metric(f'apus_cache_disk_objects{{path="{two}"}}') == 0
    ask(edge, FILES)
    edge.settle()
    assert edge.metric(f'apus_cache_disk_objects{{path="{two}"}}') > 0


def test_a_disk_that_is_full_stops_writing_and_nobody_sees_it(disks):
    cluster, edge, (one, two) = disks
    two.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=9m", "tmpfs", two], capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        cluster.start()
        put(cluster, FILES | MORE)
        for _ in range(2):
            ask(edge, FILES)
            ask(edge, MORE)
        edge.settle()
        status, text = readiness(edge)
        assert status == 200 and f"degraded: disk {two}: " in text, text
        assert edge.metric(f'apus_cache_disk_pauses_total{{path="{two}"}}') > 0
        assert edge.metric(f'apus_cache_disk_errors_total{{path="{one}",op="write"}}') == 0
        edge.kill()
    finally:
        subprocess.run(["umount", "-l", two], check=True)
    # The same configuration without the mount: the root file system is not filled.
    edge.start()
    status, text = readiness(edge)
    assert status == 200 and "not mounted" in text, text
    ask(edge, FILES)
    assert not list(two.iterdir())

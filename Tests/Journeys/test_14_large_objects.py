"""Objects that are larger than memory: parts of them, at each reader's own pace. APUS_LONG=1 for the full sizes."""
import hashlib
import http.client
import os
import random
import shutil
import socket
import subprocess
import threading
import time

import pytest

from support.http import fetch
from support.large_origin import PIECE, LargeOrigin, content, digest
from support.program import eventually

LONG = bool(os.environ.get("APUS_LONG"))
MEMORY = 256 * 1024 * 1024
BOUND = MEMORY * 1.25 + 48 * 1024 * 1024


def bytes_of(name: str, version: int, start: int, end: int) -> bytes:
    return b"".join(content(name, version, start, end))


@pytest.fixture
def large(stage):
    """An edge in front of an origin of large objects: (origin, edge)."""
    def make(memory="256MiB", disk=None):
        origin = LargeOrigin(stage._place("large"))
        stage.made.append(origin)
        origin.start()
        site = f"\n  - name: large\n    hosts: [\"*\"]\n    origin:\n      type: http\n      url: {origin.url}\n"
        cluster = stage.cluster(start=False, edges=1, sites=site, with_control=False, memory=memory, disk=disk)
        return origin, cluster.edges[0].start()
    return make


def part(edge, path: str, start: int, end: int, **fields):
    return fetch(edge.url + path, range=f"bytes={start}-{end - 1}", **fields)


def read_whole(edge, path: str, timeout: float = 120) -> tuple[int, str]:
    """Length and SHA-256 of a body that is too large to keep."""
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=timeout)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    sha, count = hashlib.sha256(), 0
    while piece := answer.read(1 << 18):
        sha.update(piece)
        count += len(piece)
    connection.close()
    return count, sha.hexdigest()


def quiet(origin: LargeOrigin):
    """Waits until the origin has nothing more to send."""
    def still():
        before = origin.sent
        time.sleep(0.2)
        return origin.sent == before
    eventually(still, 30, "the origin is done")


@pytest.mark.timeout(600)
def test_a_part_costs_its_block_and_the_whole_costs_the_rest(large):
    size = 1 << 30 if LONG else 160 << 20
    start = 1_000_000_000 if LONG else 100_000_000
    origin, edge = large()
    path = f"/{size}/film"
    for turn in range(2):
        answer = part(edge, path, start, start + 100)
        assert answer.status == 206 and answer["Content-Range"] == f"bytes {start}-{start + 99}/{size}", answer
        assert answer.body == bytes_of("film", 1, start, start + 100)
        quiet(origin)
        assert len(origin.asked) == 1 and origin.sent <= PIECE, origin.asked
        assert answer.hit == (turn == 1), answer
    before = edge.memory("VmRSS")
    count, sha = read_whole(edge, path)
    assert count == size and sha == digest("film", 1, size)
    quiet(origin)
    assert origin.sent == size, "only what was missing"
    peak = edge.memory("VmHWM")
    assert peak < BOUND, f"{peak / 2**20:.0f} MiB resident at the peak"
    print(f"origin: {len(origin.asked)} requests; resident {before / 2**20:.0f} MiB before, {peak / 2**20:.0f} at the peak")


@pytest.mark.timeout(120)
def test_fifty_slow_readers_and_a_fast_one(large):
    size, rate = 20_000_000, 8_000_000
    seconds = 20 if LONG else 6
    origin, edge = large()
    origin.set(rate=rate)
    path = f"/{size}/crowd"
    expected = bytes_of("crowd", 1, 0, size)
    slow = []
    for _ in range(50):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        client.connect(("127.0.0.1", edge.port))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        client.setblocking(False)
        slow.append([client, b""])
    began = time.monotonic()
    fast = {}

    def read_fast():
        fast["result"] = read_whole(edge, path)
        fast["time"] = time.monotonic() - began
        fast["rss"] = edge.memory("VmRSS")

    reader = threading.Thread(target=read_fast, daemon=True)
    reader.start()
    tick = 0.2
    while time.monotonic() - began < seconds:
        for entry in slow:
            try:
                entry[1] += entry[0].recv(int(50_000 * tick))
            except BlockingIOError:
                pass
        time.sleep(tick)
    reader.join(60)
    last = edge.memory("VmRSS")
    assert fast["result"] == (size, digest("crowd", 1, size))
    assert fast["time"] < size / rate * 1.6 + 1, f"{fast['time']:.1f} s for what the origin sends in {size / rate:.1f} s"
    assert last < fast["rss"] + (16 << 20), f"{fast['rss'] / 2**20:.0f} MiB grew to {last / 2**20:.0f} MiB"
    assert origin.sent == size and len(origin.asked) == 1, origin.asked
    for client, came in slow:
        head, _, body = came.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert len(body) > 50_000 * seconds * 0.5 and expected.startswith(body)
        client.close()
    print(f"fast: {fast['time']:.1f} s; resident {fast['rss'] / 2**20:.0f} MiB, then {last / 2**20:.0f} MiB")


@pytest.mark.timeout(120)
def test_parts_of_two_versions_are_never_mixed(large):
    # Not all of it stays in memory: something is always missing, and shows that there is another version.
    size = 96 << 20
    origin, edge = large(memory="32MiB")
    path = f"/{size}/news"
    end = time.monotonic() + (15 if LONG else 5)
    wrong, right, broken, versions = [], [], [], set()

    def read(seed: int):
        choose = random.Random(seed)
        while time.monotonic() < end and not wrong:
            start = choose.randrange(size - 1) if choose.random() < 0.7 else 0
            stop = min(size, start + choose.choice([100, 100_000, 3_000_000, 20_000_000]))
            try:
                answer = part(edge, path, start, stop)
            except (http.client.IncompleteRead, ConnectionError, http.client.BadStatusLine) as error:
                broken.append(repr(error)[:60])
                continue
            if answer.status == 502:
                broken.append(answer.cache)
                continue
            version = int(answer["ETag"].strip('"v'))
            versions.add(version)
            expected = bytes_of("news", version, start, stop)
            if answer.status != 206 or answer.body != expected:
                wrong.append((answer, start, stop))
            right.append(version)

    readers = [threading.Thread(target=read, args=(seed,), daemon=True) for seed in range(8)]
    for reader in readers:
        reader.start()
    version = 1
    while time.monotonic() < end:
        time.sleep(0.4)
        version += 1
        origin.set(version=version)
    for reader in readers:
        reader.join(30)
    assert not wrong, wrong[0]
    assert len(versions) >= 3 and len(right) > 20, (versions, len(right), len(broken))
    print(f"{len(right)} right answers of versions {sorted(versions)}, {len(broken)} broken off")


@pytest.mark.timeout(120)
def test_blocks_survive_a_kill(large):
    size, start = 64 << 20, 50_000_000
    origin, edge = large(disk="512MiB")
    path = f"/{size}/kept"
    for _ in range(2):
        # The second request is what admits a block to the disk.
        assert part(edge, path, start, start + 3_000_000).status == 206
        quiet(origin)
    edge.settle()
    edge.kill()
    origin.forget()
    edge.start()
    answer = part(edge, path, start + 5, start + 2_000_000)
    assert answer.hit and answer.body == bytes_of("kept", 1, start + 5, start + 2_000_000), answer
    assert origin.asked == []
    count, sha = read_whole(edge, path)
    assert count == size and sha == digest("kept", 1, size)
    quiet(origin)
    # Four blocks have been there: 47 to 50.
    assert origin.sent == size - 4 * PIECE, origin.asked


@pytest.mark.timeout(120)
def test_two_far_seeks_at_once(large):
    size = 1 << 30
    origin, edge = large()
    origin.set(rate=4_000_000)
    path = f"/{size}/seek"
    assert part(edge, path, 0, 1).status == 206
    answers = {}

    def seek(start: int):
        began = time.monotonic()
        answers[start] = (part(edge, path, start, start + 500_000), time.monotonic() - began)

    places = [300_000_000, 900_000_000]
    seekers = [threading.Thread(target=seek, args=(place,), daemon=True) for place in places]
    for seeker in seekers:
        seeker.start()
    for seeker in seekers:
        seeker.join(60)
    for place in places:
        answer, seconds = answers[place]
        assert answer.status == 206 and answer.body == bytes_of("seek", 1, place, place + 500_000)
        assert seconds < 3, f"{seconds:.1f} s"
    quiet(origin)
    assert origin.sent <= 5 * PIECE and len(origin.asked) == 3, origin.asked


@pytest.mark.timeout(120)
def test_a_download_is_taken_up_again(large, tmp_path):
    size = 30_000_000
    origin, edge = large()
    url = f"{edge.url}/{size}/archive"
    expected = digest("archive", 1, size)
    for tool, command in [
        ("curl", ["curl", "-sS", "-C", "-", "-o", "FILE", url]), ("wget", ["wget", "-q", "-c", "-O", "FILE", url]),
    ]:
        if not shutil.which(tool):
            continue
        file = tmp_path / tool
        file.write_bytes(bytes_of("archive", 1, 0, 12_345_678))
        subprocess.run([str(file) if word == "FILE" else word for word in command], check=True, timeout=60)
        assert hashlib.sha256(file.read_bytes()).hexdigest() == expected, tool
    quiet(origin)
    # From the block in which the first tool had stopped.
    assert origin.sent == size - 12_345_678 // PIECE * PIECE

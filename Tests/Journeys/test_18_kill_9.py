"""An edge is killed again and again under load: no wrong byte, no failed start."""
import http.client
import os
import random
import threading
import time

import pytest

from support.content import made

ROUNDS = 500 if os.environ.get("APUS_LONG") else 50
NAMES = 1_200
SIZES = (200, 3_000, 9_000, 40_000, 70_000, 150_000, 600_000)


class Readers:
    """Clients that ask for everything all the time, go on when the edge goes away, and compare each whole answer."""

    def __init__(self, port: int, count: int):
        self.port, self.stop, self.whole, self.cut, self.hits = port, threading.Event(), 0, 0, 0
        self.wrong: list[str] = []
        self.threads = [threading.Thread(target=self._run, args=(seed,), daemon=True) for seed in range(count)]
        for thread in self.threads:
            thread.start()

    def _run(self, seed: int):
        dice = random.Random(seed)
        connection = None
        while not self.stop.is_set() and not self.wrong:
            name = min(int(dice.paretovariate(0.7)), NAMES)
            size = SIZES[name % len(SIZES)]
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                connection.request("GET", f"/made/{size}/thing-{name}", headers={"Accept-Encoding": "identity"})
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException):
                # The edge was killed: nobody can take what came for a whole answer.
                self.cut += 1
                connection = None
                time.sleep(0.01)
                continue
            self.whole += 1
            self.hits += "; hit" in answer.headers.get("Cache-Status", "")
            if answer.status != 200 or body != made(f"thing-{name}", size):
                self.wrong.append(f"thing-{name}: status {answer.status}, {len(body)} of {size} bytes")

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(30)


@pytest.mark.timeout(60 + 4 * ROUNDS)
def test_kill_9_again_and_again_under_load_gives_no_wrong_byte_and_no_failed_start(stage):
    origin = stage.origin()
    site = f"\n  - name: scripted\n    hosts: [\"*\"]\n    origin:\n      type: http\n      url: {origin.url}\n"
    # Less than the objects take, on disk as well: segments are given up and carried over all the time.
    cluster = stage.cluster(start=False, edges=1, sites=site, with_control=False, memory="16MiB", disk="32MiB")
    edge = cluster.edges[0].start()
    readers = Readers(edge.port, 6)
    dice = random.Random(9)
    try:
        for round_ in range(ROUNDS):
            time.sleep(dice.uniform(0.05, 0.4))
            assert not readers.wrong, readers.wrong
            edge.check()
            edge.kill()
            edge.start()
    finally:
        readers.end()
    assert not readers.wrong, readers.wrong
    assert readers.whole > 20 * ROUNDS and readers.hits > readers.whole / 4, vars(readers)
    print(f"{ROUNDS} kills: {readers.whole} whole answers ({readers.hits} hits), {readers.cut} cut off")

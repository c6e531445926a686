"""Two gigabytes pass through 64 MiB."""
import http.client
import queue
import threading

import pytest

from support.content import made
from support.http import fetch

OBJECTS = 20_000
SIZE = 100_000
CLIENTS = 12
MEMORY = 64 * 1024 * 1024
BOUND = MEMORY * 1.25 + 48 * 1024 * 1024


@pytest.mark.timeout(400)
@pytest.mark.parametrize("disk", [None, "512MiB"], ids=["memory", "memory and disk"])
def test_resident_memory_stays_below_its_bound(stage, disk):
    origin = stage.origin()
    site = f"\n  - name: scripted\n    hosts: [\"*\"]\n    origin:\n      type: http\n      url: {origin.url}\n"
    cluster = stage.cluster(start=False, edges=1, sites=site, with_control=False, memory="64MiB", disk=disk)
    edge = cluster.edges[0].start()
    work: queue.SimpleQueue = queue.SimpleQueue()
    for number in range(OBJECTS):
        work.put(number)
    errors: list[str] = []

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=30)
        while not errors:
            try:
                number = work.get_nowait()
            except queue.Empty:
                break
            connection.request("GET", f"/made/{SIZE}/object-{number}")
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or body != made(f"object-{number}", SIZE):
                errors.append(f"object {number}: {answer.status}, {len(body)} bytes")
        connection.close()

    threads = [threading.Thread(target=client, daemon=True) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert not errors, errors
    assert work.empty()
    peak = edge.memory("VmHWM")
    assert peak < BOUND, f"{peak / 2**20:.0f} MiB resident at the peak; the bound is {BOUND / 2**20:.0f} MiB"
    # The budget is used, not merely kept.
    newest = fetch(f"{edge.url}/made/{SIZE}/object-{OBJECTS - 1}")
    assert newest.hit, newest
    print(f"peak {peak / 2**20:.0f} MiB of {BOUND / 2**20:.0f} MiB")

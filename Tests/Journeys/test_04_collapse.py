"""Two thousand clients, one cold object, a slow origin: one request at the origin."""
import pytest

from support.content import made
from support.crowd import Crowd

SIZE = 5_000_000
CLIENTS = 2000


def http_site(origin) -> str:
    return f"""
  - name: scripted
    hosts: ["*"]
    origin:
      type: http
      url: {origin.url}
"""


@pytest.mark.timeout(300)
def test_two_thousand_clients_one_origin_request(stage):
    origin = stage.origin()
    cluster = stage.cluster(start=False, edges=1, sites=http_site(origin), with_control=False, memory="64MiB")
    edge = cluster.edges[0].start()
    origin.rule("/film.bin", name="film", size=SIZE, delay=0.3)

    clients = Crowd(edge.port, "/film.bin", CLIENTS, made("film", SIZE)).run(within=200)

    wrong = [client.wrong for client in clients if client.wrong]
    assert not wrong, f"{len(wrong)} of {CLIENTS} clients: {wrong[:3]}"
    assert {client.status for client in clients} == {200}
    assert all(client.offset == SIZE for client in clients)
    asked = origin.requests("/film.bin")
    assert [r["method"] for r in asked] == ["GET"], f"the origin saw {len(asked)} requests"
    assert any("collapsed" in client.cache for client in clients), clients[-1].cache
    edge.check()
    again = edge.get("/film.bin")
    assert again.hit and again.body == made("film", SIZE)


def test_a_broken_fill_is_never_taken_for_whole(stage):
    """The origin promises more than it sends: nobody may see a clean end."""
    import asyncio
    import threading

    from support.http import raw
    from support.program import free_port
    port = free_port()
    ready = threading.Event()
    stop = threading.Event()

    async def cut(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\nCache-Control: max-age=60\r\n\r\n" + b"x" * 200000)
        await writer.drain()
        writer.close()

    def serve():
        async def main():
            server = await asyncio.start_server(cut, "127.0.0.1", port)
            ready.set()
            while not stop.is_set():
                await asyncio.sleep(0.05)
            server.close()
        asyncio.run(main())
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        site = f"\n  - name: cut\n    hosts: [\"*\"]\n    origin:\n      type: http\n      url: http://127.0.0.1:{port}\n"
        cluster = stage.cluster(start=False, edges=1, sites=site, with_control=False)
        edge = cluster.edges[0].start()
        for _ in range(3):
            came, closed = raw(edge.port, b"GET /cut HTTP/1.1\r\nHost: a\r\n\r\n")
            head, _, body = came.partition(b"\r\n\r\n")
            assert closed, "the connection stayed open after a broken body"
            complete = head.startswith(b"HTTP/1.1 200") and len(body) >= 400000
            ended = b"transfer-encoding: chunked" in head.lower() and body.endswith(b"0\r\n\r\n")
            assert not complete and not ended, came[:300]
            assert not b"; hit" in head, "a broken body came from the cache"
    finally:
        stop.set()
        thread.join(5)

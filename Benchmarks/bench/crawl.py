"""Asks for each of many URLs exactly once, over a few keep-alive connections with a pipeline each."""
import asyncio


async def _worker(port: int, path: str, numbers, depth: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    bad = waiting = 0
    exhausted = False
    while waiting or not exhausted:
        batch = []
        while waiting < depth and not exhausted:
            number = next(numbers, None)
            if number is None:
                exhausted = True
                break
            batch.append(f"GET {path % number} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
            waiting += 1
        if batch:
            writer.write(b"".join(batch))
        if not waiting:
            break
        head = await reader.readuntil(b"\r\n\r\n")
        status, length = int(head[9:12]), 0
        at = head.lower().find(b"content-length:")
        if at < 0:
            raise RuntimeError(f"an answer without Content-Length:\n{head.decode(errors='replace')}")
        length = int(head[at + 15:head.index(b"\r\n", at)])
        await reader.readexactly(length)
        bad += status != 200
        waiting -= 1
    writer.close()
    return bad


def crawl(port: int, path: str, count: int, connections: int = 16, depth: int = 16, first: int = 1) -> None:
    """`path` is a format with one %d. Fails when any answer is not 200."""
    numbers = iter(range(first, first + count))

    async def everything():
        return await asyncio.gather(*(_worker(port, path, numbers, depth) for _ in range(connections)))
    bad = sum(asyncio.run(everything()))
    if bad:
        raise RuntimeError(f"{bad} of {count} answers were not 200")

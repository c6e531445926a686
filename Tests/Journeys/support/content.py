"""Made-up bodies. Each byte's value depends on the object's name, so that a swapped or shifted piece shows."""
import functools
import hashlib
import random

BLOCK = 64 * 1024


@functools.cache
def _filler() -> bytes:
    return random.Random(20).randbytes(BLOCK - 32)


def made(name: str, size: int) -> bytes:
    """`size` bytes that belong to `name`: blocks of a digest of name and position, and a common filler."""
    pieces = []
    for index in range(-(-size // BLOCK)):
        pieces.append(hashlib.sha256(f"{name} {index}".encode()).digest())
        pieces.append(_filler())
    return b"".join(pieces)[:size]

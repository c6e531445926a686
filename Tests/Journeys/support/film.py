"""A film that needs no encoder: H.264 of raw macroblocks (I_PCM, ITU-T H.264 section 7.3.5) in an MP4 file.

Every picture is whole and can be jumped to. Its brightness tells its second, so that a page can see where it is.
"""
import random
import struct

WIDTH, HEIGHT = 128, 96
PER_SECOND = 25
# One macroblock: 16 x 16 of luma, two times 8 x 8 of chroma.
BLOCKS = (WIDTH // 16) * (HEIGHT // 16)


def brightness(second: int) -> int:
    """The luma of the pictures of a second: 40 to 215 in steps of 25, so that neighbours differ."""
    return 40 + second % 8 * 25


class _Bits:
    def __init__(self):
        self.text = ""

    def u(self, value: int, width: int) -> "_Bits":
        self.text += format(value, f"0{width}b")
        return self

    def ue(self, value: int) -> "_Bits":
        code = format(value + 1, "b")
        self.text += "0" * (len(code) - 1) + code
        return self

    def bytes(self, end: bool = True) -> bytes:
        text = self.text + ("1" if end else "")
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def _parameters() -> tuple[bytes, bytes]:
    sequence = _Bits().u(66, 8).u(0xC0, 8).u(31, 8).ue(0).ue(0).ue(2).ue(1).u(0, 1)
    sequence.ue(WIDTH // 16 - 1).ue(HEIGHT // 16 - 1).u(1, 1).u(1, 1).u(0, 1).u(0, 1)
    picture = _Bits().ue(0).ue(0).u(0, 2).ue(0).ue(0).ue(0).u(0, 3).ue(0).ue(0).ue(0).u(0b100, 3)
    return b"\x67" + sequence.bytes(), b"\x68" + picture.bytes()


def _picture(number: int, noise: random.Random) -> bytes:
    """One IDR slice. No two zero bytes follow each other in it, so nothing has to be escaped."""
    head = _Bits().ue(0).ue(7).ue(0).u(0, 4).ue(number % 2).u(0, 2).ue(0).ue(1)
    parts = [b"\x65", head.ue(25).bytes(end=False)]
    light = brightness(number // PER_SECOND)
    for block in range(BLOCKS):
        # mb_type 25, and zeros to the next byte.
        if block:
            parts.append(b"\x0d\x00")
        grain = noise.randbytes(256)
        parts += [bytes(light + (value & 7) for value in grain), b"\x80" * 128]
    return b"".join(parts) + b"\x80"


def _box(kind: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind.encode()) + body


def _full(kind: str, flags: int, *parts: bytes) -> bytes:
    return _box(kind, struct.pack(">I", flags), *parts)


def film(seconds: int) -> bytes:
    """An MP4 of that length, about 460 KB for each second."""
    sps, pps = _parameters()
    noise = random.Random(seconds)
    samples = []
    for number in range(seconds * PER_SECOND):
        picture = _picture(number, noise)
        samples.append(struct.pack(">I", len(picture)) + picture)
    kind = _box("ftyp", b"isom", struct.pack(">I", 512), b"isomavc1mp41")
    offset = len(kind) + len(_movie(seconds, sps, pps, samples, 0)) + 8
    return kind + _movie(seconds, sps, pps, samples, offset) + _box("mdat", *samples)


def _movie(seconds: int, sps: bytes, pps: bytes, samples: list[bytes], offset: int) -> bytes:
    count = len(samples)
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    ticks = seconds * 1000
    avcc = _box("avcC", bytes([1, 66, 0xC0, 31, 0xFF, 0xE1]), struct.pack(">H", len(sps)), sps, b"\x01",
                struct.pack(">H", len(pps)), pps)
    entry = _box("avc1", bytes(6), struct.pack(">H", 1), bytes(16), struct.pack(">HH", WIDTH, HEIGHT),
                 struct.pack(">IIIH", 0x480000, 0x480000, 0, 1), bytes(32), struct.pack(">Hh", 24, -1), avcc)
    table = _box(
        "stbl",
        _full("stsd", 0, struct.pack(">I", 1), entry),
        _full("stts", 0, struct.pack(">III", 1, count, 1000 // PER_SECOND)),
        _full("stsc", 0, struct.pack(">IIII", 1, 1, count, 1)),
        _full("stsz", 0, struct.pack(">II", 0, count), *(struct.pack(">I", len(s)) for s in samples)),
        _full("stco", 0, struct.pack(">II", 1, offset)))
    media = _box(
        "mdia",
        _full("mdhd", 0, struct.pack(">IIIIHH", 0, 0, 1000, ticks, 0x55C4, 0)),
        _full("hdlr", 0, struct.pack(">I4s", 0, b"vide"), bytes(12), b"film\x00"),
        _box("minf", _full("vmhd", 1, bytes(8)), _box("dinf", _full("dref", 0, struct.pack(">I", 1), _full("url ", 1))),
             table))
    track = _box(
        "trak",
        _full("tkhd", 7, struct.pack(">IIIII", 0, 0, 1, 0, ticks), bytes(8), struct.pack(">HHHH", 0, 0, 0, 0), matrix,
              struct.pack(">II", WIDTH << 16, HEIGHT << 16)),
        media)
    head = _full("mvhd", 0, struct.pack(">IIII", 0, 0, 1000, ticks), struct.pack(">IH", 0x10000, 0x100), bytes(10),
                 matrix, bytes(24), struct.pack(">I", 2))
    return _box("moov", head, track)

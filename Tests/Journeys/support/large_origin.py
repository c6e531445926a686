"""An origin of large objects that nobody has to store, run as a process of its own: python -m support.large_origin PORT.

`/SIZE/NAME` has SIZE bytes, which follow from the name, the version and their place. Ranges, If-Match and If-None-Match
are honoured. `PUT /-/set?version=2&rate=10000000&chunk=65536` sets the version and the bytes a second of each answer, `GET
/-/log` tells what was asked and sent, `PUT /-/forget` forgets that.
"""
import hashlib
import http.server
import json
import os
import pathlib
import sys
import threading
import time
import urllib.parse
import urllib.request

from support.program import Program, accepts, eventually, free_port

PIECE = 1 << 20
_stock = hashlib.shake_256(b"apus").digest(PIECE + 65536)


def piece(name: str, version: int, number: int) -> bytes:
    """One MiB of an object: no two of them are the same."""
    mark = f"{name} {version} {number} ".encode() * 8
    shift = (number * 7919 + version * 31) % 65536
    return mark + _stock[shift + len(mark):shift + PIECE]


def content(name: str, version: int, start: int, end: int):
    """The bytes from `start` to before `end`, in pieces."""
    while start < end:
        number, offset = divmod(start, PIECE)
        part = memoryview(piece(name, version, number))[offset:min(PIECE, offset + end - start)]
        yield part
        start += len(part)


def digest(name: str, version: int, size: int) -> str:
    sha = hashlib.sha256()
    for part in content(name, version, 0, size):
        sha.update(part)
    return sha.hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state = {"version": 1, "rate": 0, "ranges": 1}
    log: list = []
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def do_PUT(self):
        parts = urllib.parse.urlsplit(self.path)
        if parts.path == "/-/forget":
            self.log.clear()
        for name, value in urllib.parse.parse_qsl(parts.query):
            self.state[name] = int(value)
        self.tell(b"{}")

    def tell(self, body: bytes):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        if self.path == "/-/log":
            return self.tell(json.dumps(self.log).encode())
        self.answer()

    def answer(self):
        _, size, name = self.path.split("/", 2)
        size, version = int(size), self.state["version"]
        tag = f'"v{version}"'
        entry = {"method": self.command, "range": self.headers["Range"], "if-match": self.headers["If-Match"], "sent": 0}
        with self.lock:
            self.log.append(entry)
        start, end, status = 0, size, 200
        if self.headers["If-Match"] not in (None, tag):
            status, end = 412, 0
        elif self.headers["If-None-Match"] == tag:
            status, end = 304, 0
        elif self.headers["Range"] and self.state["ranges"]:
            first, last = self.headers["Range"].removeprefix("bytes=").split("-")
            start, end, status = int(first), min(int(last) + 1 if last else size, size), 206
        entry["status"] = status
        self.send_response(status)
        self.send_header("ETag", tag)
        self.send_header("Cache-Control", "max-age=3600")
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        if status != 304:
            self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if self.command == "HEAD":
            return
        began, rate = time.monotonic(), self.state["rate"]
        try:
            for part in content(name, version, start, end):
                for offset in range(0, len(part), 1 << 16 if rate else PIECE):
                    chunk = part[offset:offset + (1 << 16 if rate else PIECE)]
                    self.wfile.write(chunk)
                    entry["sent"] += len(chunk)
                    ahead = entry["sent"] / rate - (time.monotonic() - began) if rate else 0
                    if ahead > 0:
                        time.sleep(ahead)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


class LargeOrigin(Program):
    """The journeys' side of it."""

    def __init__(self, folder: pathlib.Path):
        self.port = free_port()
        environment = os.environ | {"PYTHONPATH": str(pathlib.Path(__file__).resolve().parent.parent)}
        super().__init__("large-origin", [sys.executable, "-m", "support.large_origin", self.port], folder, environment)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        super().start()
        eventually(lambda: accepts(self.port), what="the origin of large objects listens")
        return self

    def _ask(self, path: str, method: str = "PUT"):
        with urllib.request.urlopen(urllib.request.Request(self.url + path, method=method), timeout=20) as answer:
            return json.load(answer)

    def set(self, **values):
        self._ask("/-/set?" + urllib.parse.urlencode(values))

    def forget(self):
        self._ask("/-/forget")

    @property
    def asked(self) -> list[dict]:
        """Each request so far: method, range, if-match, status, and the bytes sent in answer."""
        return self._ask("/-/log", "GET")

    @property
    def sent(self) -> int:
        return sum(entry["sent"] for entry in self.asked)


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()

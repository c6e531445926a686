"""A client that sends exactly what it is told and shows exactly what came."""
import gzip
import http.client
import re
import socket
import urllib.parse

import brotli


class Answer:
    """Status, fields and body as they came, not decoded."""

    def __init__(self, status: int, fields: list[tuple[str, str]], body: bytes):
        self.status, self.fields, self.body = status, fields, body

    def __getitem__(self, name: str) -> str | None:
        """All values of a field, joined; None when it is not there."""
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def decoded(self) -> bytes:
        return decode(self.body, self["Content-Encoding"])

    @property
    def cache(self) -> str:
        return self["Cache-Status"] or ""

    @property
    def hit(self) -> bool:
        """Whether the nearest cache says that it answered from its store (RFC 9211, section 2.1)."""
        return is_hit(self.cache)

    def __repr__(self):
        rows = "".join(f"\n  {key}: {value}" for key, value in self.fields)
        return f"<{self.status}{rows}\n  {len(self.body)} bytes: {self.body[:60]!r}>"


def is_hit(cache_status: str) -> bool:
    return re.search(r";\s*hit\b", cache_status.rsplit(",", 1)[-1]) is not None


def decode(body: bytes, coding: str | None) -> bytes:
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "br":
        return brotli.decompress(body)
    assert coding is None, f"unexpected Content-Encoding {coding}"
    return body


def fetch(url: str, method: str = "GET", timeout: float = 20.0, connection=None, **fields) -> Answer:
    """One request. Field names are given with underscores: accept_encoding="br"."""
    parts = urllib.parse.urlsplit(url)
    target = parts.path + ("?" + parts.query if parts.query else "") or "/"
    own = connection is None
    if own:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True, skip_host="host" in fields)
        for name, value in fields.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
    finally:
        if own:
            connection.close()


def raw(port: int, sent: bytes, timeout: float = 10.0) -> tuple[bytes, bool]:
    """Sends bytes and reads until the server closes or is silent for `timeout`: (what came, whether it closed)."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        came = b""
        try:
            connection.sendall(sent)
            while True:
                piece = connection.recv(65536)
                if not piece:
                    return came, True
                came += piece
        except (TimeoutError, socket.timeout):
            return came, False
        except (ConnectionResetError, BrokenPipeError):
            return came, True

"""Very many clients at once, in one thread with epoll."""
import select
import socket
import time


class _Client:
    __slots__ = ("socket", "head", "offset", "length", "status", "wrong", "cache")

    def __init__(self, connection):
        self.socket = connection
        self.head = b""
        self.offset = 0
        self.length = None
        self.status = None
        self.wrong = None
        self.cache = ""


class Crowd:
    """`count` connections that ask for one URL in the same moment and compare what comes with `expected`."""

    def __init__(self, port: int, path: str, count: int, expected: bytes):
        self.port, self.path, self.count, self.expected = port, path, count, expected
        self.buffer = bytearray(256 * 1024)
        self.clients: list[_Client] = []

    def run(self, within: float = 120.0) -> list[_Client]:
        request = (f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAccept-Encoding: identity\r\n"
                   "Connection: close\r\n\r\n").encode()
        poll = select.epoll()
        by_number = {}
        try:
            for _ in range(self.count):
                # Connected first, all of them: the requests then come at once.
                client = _Client(socket.create_connection(("127.0.0.1", self.port), timeout=30))
                client.socket.setblocking(False)
                self.clients.append(client)
                by_number[client.socket.fileno()] = client
                poll.register(client.socket.fileno(), select.EPOLLIN)
            for client in self.clients:
                client.socket.send(request)
            end = time.monotonic() + within
            while by_number:
                assert time.monotonic() < end, f"{len(by_number)} of {self.count} clients wait after {within:g} s"
                for number, _ in poll.poll(1.0):
                    client = by_number[number]
                    if not self._read(client):
                        poll.unregister(number)
                        client.socket.close()
                        del by_number[number]
        finally:
            poll.close()
            for client in self.clients:
                client.socket.close()
        return self.clients

    def _read(self, client: _Client) -> bool:
        """Reads what is there; false at the answer's end."""
        try:
            count = client.socket.recv_into(self.buffer)
        except BlockingIOError:
            return True
        except OSError as error:
            client.wrong = f"after {client.offset} bytes: {error}"
            return False
        if count == 0:
            if client.length is None or client.offset < client.length:
                client.wrong = f"closed after {client.offset} of {client.length} bytes"
            return False
        piece = memoryview(self.buffer)[:count]
        if client.length is None:
            client.head += bytes(piece)
            at = client.head.find(b"\r\n\r\n")
            if at < 0:
                return True
            body = client.head[at + 4:]
            lines = client.head[:at].decode("latin-1").split("\r\n")
            client.status = int(lines[0].split()[1])
            fields = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
            client.length = int(fields.get("content-length", len(self.expected)))
            client.cache = fields.get("cache-status", "")
            piece = memoryview(body)
        if len(piece):
            # bytes against bytes is one memcmp; two memoryviews would be compared item by item.
            if bytes(piece) != self.expected[client.offset:client.offset + len(piece)] and client.wrong is None:
                client.wrong = f"wrong bytes near {client.offset}"
            client.offset += len(piece)
        return client.offset < client.length

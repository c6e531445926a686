"""Requests that are not looked up, with curl: uploads of any kind, their answers, and what they invalidate."""
import hashlib
import http.server
import json
import subprocess
import threading

import pytest

from support.content import made

SIZE = 100 * 1024 * 1024


class Application(http.server.BaseHTTPRequestHandler):
    """Says what has arrived. A page counts the writes that it has seen."""
    protocol_version = "HTTP/1.1"
    writes = 0

    def do_GET(self):
        self.say(str(Application.writes), {"Cache-Control": "max-age=1000"})

    def do_PUT(self):
        digest = hashlib.sha256()
        size = 0
        for piece in self.pieces():
            digest.update(piece)
            size += len(piece)
        Application.writes += 1
        fields = {name.lower(): value for name, value in self.headers.items()}
        self.say(json.dumps({"sha256": digest.hexdigest(), "size": size, "fields": fields, "method": self.command}))

    do_POST = do_PATCH = do_DELETE = do_PUT

    def pieces(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            while (size := int(self.rfile.readline().split(b";")[0], 16)) > 0:
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return
        left = int(self.headers.get("Content-Length", 0))
        while left > 0 and (piece := self.rfile.read(min(left, 1 << 20))):
            left -= len(piece)
            yield piece

    def say(self, text: str, fields: dict | None = None):
        body = text.encode()
        self.send_response(200)
        for name, value in {"Content-Length": str(len(body)), **(fields or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def edge(module_stage):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site = f"""
  - name: application
    hosts: ["*"]
    origin:
      type: http
      url: http://127.0.0.1:{server.server_port}
"""
    cluster = module_stage.cluster(start=False, edges=1, sites=site, with_control=False, memory="64MiB", disk=None)
    edge = cluster.edges[0].start()
    edge.folder_for_files = cluster.folder
    edge.environment_for_curl = cluster.environment
    yield edge
    server.shutdown()


def curl(edge, *arguments, stdin: bytes | None = None) -> str:
    done = subprocess.run(["curl", "-sS", "--fail", "--max-time", "100", *map(str, arguments)], capture_output=True,
                          input=stdin, env=edge.environment_for_curl)
    assert done.returncode == 0, (arguments, done.returncode, done.stderr)
    return done.stdout.decode()


@pytest.mark.timeout(200)
def test_a_large_upload_leaves_the_memory_flat(edge):
    file = edge.folder_for_files / "upload.bin"
    body = made("upload", SIZE)
    file.write_bytes(body)
    expected = hashlib.sha256(body).hexdigest()
    curl(edge, "-X", "POST", "-T", file, f"{edge.url}/warm")
    before = edge.memory("VmHWM")
    for number, arguments in enumerate([
        ["-T", file], ["-X", "POST", "-T", file, "-H", "Expect: 100-continue"], ["-T", "-", "-H", "Expect:"],
    ]):
        answer = json.loads(curl(edge, *arguments, f"{edge.url}/a{number}", stdin=body if "-" in arguments else None))
        assert answer["sha256"] == expected and answer["size"] == SIZE, (arguments, answer)
        assert ("transfer-encoding" in answer["fields"]) == ("-" in arguments), answer
        assert answer["fields"]["x-forwarded-for"] == "127.0.0.1", answer
    grown = edge.memory("VmHWM") - before
    assert grown < 16 << 20, f"{grown >> 20} MiB more after {3 * SIZE >> 20} MiB"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_was_written_is_seen_at_once(edge, method):
    url = f"{edge.url}/page-{method}"
    old = int(curl(edge, url))
    assert int(curl(edge, url)) == old
    answer = json.loads(curl(edge, "-X", method, "-d", "x=1", url))
    assert answer["method"] == method and answer["size"] == 3, answer
    assert int(curl(edge, url)) == old + 1


def test_curl_waits_for_the_origins_100(edge):
    text = curl(edge, "-v", "--expect100-timeout", "30", "-H", "Expect: 100-continue", "-d", "hello", "--stderr", "-",
                f"{edge.url}/expect")
    assert "100 Continue" in text and '"size": 5' in text, text

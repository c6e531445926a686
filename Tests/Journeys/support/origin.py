"""The journeys' side of the scripted origin."""
import json
import os
import pathlib
import sys
import urllib.request

from support.program import Program, accepts, eventually, free_port


class ScriptedOrigin(Program):
    """An HTTP origin in a process of its own, so that its work does not slow the clients of the journey."""

    def __init__(self, folder: pathlib.Path):
        self.port = free_port()
        here = pathlib.Path(__file__).resolve().parent.parent
        environment = os.environ | {"PYTHONPATH": str(here)}
        super().__init__("scripted-origin", [sys.executable, "-m", "support.origin_server", self.port], folder,
                         environment)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        super().start()
        eventually(lambda: accepts(self.port), what="the scripted origin listens")
        return self

    def _tell(self, path: str, body: dict | None = None):
        data = json.dumps(body or {}).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, method="PUT"), timeout=20) as answer:
            return json.load(answer)

    def rule(self, path: str, **rule):
        """What the origin answers for a path: body or name and size, status, fields, etag, delay in seconds."""
        self._tell("/-/rule", rule | {"path": path})

    def requests(self, path: str | None = None) -> list[dict]:
        """What was asked so far: method, target, fields."""
        log = self._tell("/-/log")
        return [r for r in log if path is None or r["target"].split("?", 1)[0] == path]

    def forget(self):
        self._tell("/-/forget")

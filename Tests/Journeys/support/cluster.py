"""Apus as its operators run it: origin, control and edges with files of settings, or all of it with `apus up`."""
import os
import pathlib
import time

import boto3
import botocore.config

from support.http import Answer, fetch
from support.program import Outcome, Program, accepts, eventually, free_port, run

ACCESS_KEY = "journey-key"
SECRET_KEY = "journey-secret-0123456789"
TOKEN = "journey-token-0123456789abcdef"
REGION = "us-east-1"


def clean_environment(home: pathlib.Path) -> dict:
    """The caller's environment without anything that could lead a client astray."""
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("AWS_", "APUS_")) and k.lower() not in ("http_proxy", "https_proxy", "all_proxy")}
    return kept | {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "NO_PROXY": "127.0.0.1,localhost"}


def s3_client(endpoint: str, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY):
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=botocore.config.Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=20))


class Edge(Program):
    def __init__(self, apus, name, folder, environment, settings: str, port: int, status: int):
        self.port, self.status_port = port, status
        self.file = folder / f"{name}.yaml"
        self.file.write_text(settings)
        super().__init__(name, [apus, "edge", "--config", self.file], folder, environment)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, ready: bool = True):
        super().start()
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, within: float = 20.0):
        def ready():
            self.check()
            return fetch(f"http://127.0.0.1:{self.status_port}/readyz").status == 200
        eventually(ready, within, f"{self.name} is ready")

    def get(self, path: str, **fields) -> Answer:
        return fetch(self.url + path, **fields)

    def metric(self, name: str) -> float:
        """A row of /metrics by its full name, labels included; 0 when it is not there."""
        for line in fetch(f"http://127.0.0.1:{self.status_port}/metrics").body.decode().splitlines():
            if line.rpartition(" ")[0] == name:
                return float(line.rpartition(" ")[2])
        return 0.0

    def settle(self, within: float = 15.0):
        """Waits until the disk tier has written what it was given: the count of writes stands still."""
        name = 'apus_disk_operations_total{op="write"}'
        last, since = -1.0, time.monotonic()

        def still():
            nonlocal last, since
            now = self.metric(name)
            if now != last:
                last, since = now, time.monotonic()
            return now > 0 and time.monotonic() - since > 1.0
        eventually(still, within, f"{self.name} has written to its disk")


class Cluster:
    """One origin, one control, some edges, in a folder of their own and on free ports."""

    def __init__(self, apus, folder: pathlib.Path, edges: int = 2, memory: str = "64MiB", disk: str | None = "256MiB",
                 sites: str | None = None, bucket: str = "site", with_control: bool = True):
        self.apus, self.folder, self.bucket = apus, folder, bucket
        self.home = folder / "home"
        self.home.mkdir()
        self.environment = clean_environment(self.home)
        self.origin_port, self.control_port = free_port(), free_port()
        self.origin_url = f"http://127.0.0.1:{self.origin_port}"
        self.control_url = f"http://127.0.0.1:{self.control_port}"
        self.operator = self.environment | {
            "APUS_CONTROL": self.control_url, "APUS_TOKEN": TOKEN, "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": self.origin_url, "COLUMNS": "80"}
        self.origin = Program("origin", [apus, "origin", "--config", self._write("origin.yaml", f"""
listen: 127.0.0.1:{self.origin_port}
data: {folder}/origin
region: {REGION}
credentials:
  - access_key: {ACCESS_KEY}
    secret_key: {SECRET_KEY}
""")], folder, self.environment)
        self.control = Program("control", [apus, "control", "--config", self._write("control.yaml", f"""
listen: 127.0.0.1:{self.control_port}
store:
  sqlite: {folder}/control.sqlite
tokens:
  - token: {TOKEN}
    scopes: [admin]
""")], folder, self.environment)
        self.sites = sites or self.bucket_site(bucket)
        self.with_control = with_control
        self.edges = [self._edge(f"edge-{n + 1}", memory, disk) for n in range(edges)]

    def bucket_site(self, bucket: str, hosts: str = '"*"', access_key: str = ACCESS_KEY,
                    secret_key: str = SECRET_KEY) -> str:
        return f"""
  - hosts: [{hosts}]
    origin:
      type: s3
      endpoint: {self.origin_url}
      region: {REGION}
      bucket: {bucket}
      access_key: {access_key}
      secret_key: {secret_key}
"""

    def _write(self, name: str, text: str) -> pathlib.Path:
        path = self.folder / name
        path.write_text(text.lstrip())
        return path

    def edge_settings(self, name: str, port: int, status: int, memory: str, disk: str | None, sites: str) -> str:
        parts = [f"node: {name}", "listen:", f"  - address: 127.0.0.1:{port}", f"status: 127.0.0.1:{status}",
                 "cache:", f"  memory: {memory}"]
        if disk:
            parts += ["  disk:", f"    path: {self.folder}/{name}-cache", f"    size: {disk}"]
        if self.with_control:
            parts += ["control:", f"  url: {self.control_url}", f"  token: {TOKEN}"]
        return "\n".join(parts + ["sites:", sites.strip("\n"), ""])

    def _edge(self, name: str, memory: str, disk: str | None) -> Edge:
        port, status = free_port(), free_port()
        settings = self.edge_settings(name, port, status, memory, disk, self.sites)
        return Edge(self.apus, name, self.folder, self.environment, settings, port, status)

    @property
    def programs(self) -> list[Program]:
        return [self.origin, self.control, *self.edges]

    def start(self) -> "Cluster":
        self.start_origin()
        self.s3.create_bucket(Bucket=self.bucket)
        if self.with_control:
            self.start_control()
        for edge in self.edges:
            edge.start(ready=False)
        for edge in self.edges:
            edge.wait_ready()
        return self

    def start_origin(self):
        self.origin.start()
        eventually(lambda: self.origin.check() or accepts(self.origin_port), what="the origin listens")

    def start_control(self):
        self.control.start()
        eventually(lambda: self.control.check() or accepts(self.control_port), what="control listens")

    def close(self):
        for program in self.programs:
            program.kill()

    @property
    def s3(self):
        return s3_client(self.origin_url)

    def put(self, key: str, body: bytes, content_type: str = "text/css", **more):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=content_type, **more)

    def cli(self, *arguments, timeout: float = 60.0, **environment) -> Outcome:
        """`apus` as the operator runs it; an environment value of None takes the variable away."""
        merged = self.operator | environment
        return run([self.apus, *arguments], {k: v for k, v in merged.items() if v is not None}, timeout)

    def purge(self, *arguments, timeout: float = 60.0) -> Outcome:
        outcome = self.cli("purge", *arguments, timeout=timeout)
        assert outcome.status == 0, outcome
        return outcome


class Up(Program):
    """`apus up` with a folder of its own."""

    def __init__(self, apus, folder: pathlib.Path):
        self.apus = apus
        self.ports = [free_port() for _ in range(6)]
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)
        edge1, edge2, status1, status2, origin, control = self.ports
        self.urls = [f"http://127.0.0.1:{edge1}", f"http://127.0.0.1:{edge2}"]
        self.origin_url = f"http://127.0.0.1:{origin}"
        super().__init__("up", [apus, "up", "--data", folder / "data", "--edge-ports", f"{edge1},{edge2}",
                                "--status-ports", f"{status1},{status2}", "--origin-port", origin,
                                "--control-port", control], folder, clean_environment(self.home))

    def start(self):
        super().start()
        self.wait_ready()
        return self

    def wait_ready(self):
        def ready():
            self.check()
            return all(fetch(f"http://127.0.0.1:{port}/readyz").status == 200 for port in self.ports[2:4])
        eventually(ready, 30, "both edges of apus up are ready")

    def cli(self, *arguments, timeout: float = 60.0) -> Outcome:
        """A command on the machine where `apus up` runs: no address, no token, only the same home folder."""
        return run([self.apus, *arguments], self.environment | {"COLUMNS": "80"}, timeout)

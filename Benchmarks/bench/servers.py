"""The servers that are measured, with settings for the same job: the edge, nginx, and the origin behind both."""
import pathlib

from support.http import fetch
from support.program import Program, accepts, eventually, free_port

from . import machine

# An answer is its own URL and as much of this as its size wants: an answer of another URL would be seen.
_PAD = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_" * 16


def _nginx(folder: pathlib.Path, http: str, events: str = "worker_connections 4096;") -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "nginx.conf"
    file.write_text(f"""
daemon off;
master_process off;
worker_processes 1;
worker_rlimit_nofile 65536;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ {events} }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000000;
    keepalive_timeout 300s;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{http}
}}
""")
    return ["nginx", "-c", str(file), "-e", f"{folder}/start.log"]


class Server(Program):
    """A program with a port, ready when somebody answers there."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        super().start()
        eventually(lambda: self.check() or accepts(self.port), 60, f"{self.name} listens")
        return self


class Origin(Server):
    """nginx with made-up answers: `/made/KIB/ANYTHING` has that many KiB and begins with its own URL, `/files/` is a
    folder, `/sized/NAME/ANYTHING` is the file NAME of it, whatever follows."""

    KIBS = (1, 4, 8, 16, 64)

    def __init__(self, folder: pathlib.Path, files: pathlib.Path):
        self.port = free_port()
        pads = "\n".join(
            f"            location ~ ^/made/{kib}/ {{ return 200 "
            f'"$request_uri|{"$pad" * (kib - 1)}$most"; }}' for kib in self.KIBS)
        command = _nginx(folder, f"""
        server {{
            listen 127.0.0.1:{self.port} backlog=4096;
            default_type text/plain;
            add_header Cache-Control "public, max-age=86400";
            set $pad "{_PAD}";
            set $most "{_PAD[:900]}";
{pads}
            location /files/ {{ alias {files}/; }}
            location ~ ^/sized/([^/]+)/ {{ alias {files}/$1; etag off; }}
        }}""")
        super().__init__("origin", command, folder, {"PATH": "/usr/sbin:/usr/bin:/bin"})


class NginxCache(Server):
    """nginx with proxy_cache: keys in memory, bodies in files."""

    def __init__(self, folder: pathlib.Path, origin: Origin, size: str = "8g"):
        self.port = free_port()
        command = _nginx(folder, f"""
        proxy_cache_path {folder}/cache levels=1:2 keys_zone=all:256m max_size={size} inactive=1d use_temp_path=off;
        upstream origin {{ server 127.0.0.1:{origin.port}; keepalive 64; }}
        server {{
            listen 127.0.0.1:{self.port} backlog=4096;
            location / {{
                proxy_pass http://origin;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_cache all;
                proxy_cache_valid 200 1d;
                add_header X-Cache $upstream_cache_status;
            }}
        }}""")
        super().__init__("nginx", command, folder, {"PATH": "/usr/sbin:/usr/bin:/bin"})


class Edge(Server):
    """`apus edge` in front of the origin, with as many event loops as said."""

    def __init__(self, apus: pathlib.Path, folder: pathlib.Path, origin: Origin, memory: str,
                 disk: str | None = None, threads: int = 1, more: str = ""):
        folder.mkdir(parents=True, exist_ok=True)
        self.port, self.status_port = free_port(), free_port()
        tier = f"  disk: {{ path: {folder}/cache, size: {disk} }}\n" if disk else ""
        file = folder / "edge.yaml"
        file.write_text(f"""\
node: edge
threads: {threads}
log_level: notice
listen:
  - address: 127.0.0.1:{self.port}
status: 127.0.0.1:{self.status_port}
cache:
  memory: {memory}
{tier}{more}sites:
  - name: bench
    hosts: ["*"]
    origin: {{ type: http, url: "{origin.url}" }}
""")
        super().__init__("edge", [apus, "edge", "--config", file], folder, {"HOME": str(folder)})

    def metric(self, name: str, *labels: str) -> float:
        """The sum of the rows of /metrics with this name and all of these labels; there must be one."""
        total, rows = 0.0, 0
        for line in fetch(f"http://127.0.0.1:{self.status_port}/metrics").body.decode().splitlines():
            row, _, value = line.rpartition(" ")
            if row.partition("{")[0] == name and all(label in row for label in labels):
                total, rows = total + float(value), rows + 1
        if rows == 0:
            raise KeyError(f"{name}{labels} is not on /metrics")
        return total

    def is_ready(self) -> bool:
        self.check()
        return accepts(self.status_port) and fetch(f"http://127.0.0.1:{self.status_port}/readyz").status == 200

    def settle(self, within: float = 600):
        """Waits until the writer has written what it was given."""
        last = [-1.0, 0]

        def still():
            now = self.metric("apus_disk_operations_total", 'op="write"')
            last[1] = last[1] + 1 if now == last[0] else 0
            last[0] = now
            return last[1] >= 5
        eventually(still, within, "the disk's queue is written", every=0.2)


def cpu_share(server: Server, requests: int, before: float) -> float:
    """Microseconds of a server's CPU for each of `requests`, since it had used `before` seconds."""
    return (machine.cpu_seconds(server.pid) - before) / max(1, requests) * 1e6

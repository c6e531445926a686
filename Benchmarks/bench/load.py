"""wrk as the load: which URLs, how many connections, for how long; what it says about it."""
import dataclasses
import pathlib
import re
import subprocess

from . import machine
from .servers import Server, cpu_share

# Zipf by inversion of the continuous law: a number's share falls with its power `skew`.
_SCRIPT = """
local count, skew, first = {count}, {skew}, {first}
math.randomseed({seed})
local turn = first
local h = 1 - skew
local top = ((count + 1) ^ h - 1) / h
local function zipf() return math.floor((math.random() * top * h + 1) ^ (1 / h)) end
local function uniform() return math.random(count) end
local function next_one() turn = turn + 1 return turn end
local pick = {pick}
request = function() local n = pick() return wrk.format("GET", {path}) end
local bad = 0
done = function(summary, latency, requests)
    local e = summary.errors
    io.write(string.format("RESULT %d %d %.0f %d %d %d %d\\n", summary.requests, summary.bytes, summary.duration,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
        e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclasses.dataclass
class Outcome:
    """What one run of load met. Times in microseconds."""
    requests: int
    bytes: int
    seconds: float
    p50: int
    p99: int
    p999: int
    errors: int
    cpu: float
    """CPU of the server for each request."""

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def run(server: Server, path: str, seconds: float, folder: pathlib.Path, *, pick: str = "uniform", count: int = 1,
        skew: float = 0.9, first: int = 0, connections: int = 64, cores: str = "1", seed: int = 1) -> Outcome:
    """Asks `server` from one thread of wrk for `path`: an expression in Lua, in which `n` is the number picked."""
    script = folder / f"load-{server.name}.lua"
    script.write_text(_SCRIPT.format(count=count, skew=skew, first=first, seed=seed, path=path,
                                     pick={"uniform": "uniform", "zipf": "zipf", "next": "next_one"}[pick]))
    before = machine.cpu_seconds(server.pid)
    done = subprocess.run(
        ["taskset", "-c", cores, "wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "30s",
         "-s", script, server.url], capture_output=True, text=True, check=False)
    found = re.search(r"^RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout, re.M)
    if not found:
        raise RuntimeError(f"wrk says nothing:\n{done.stdout}{done.stderr}")
    requests, size, took, p50, p99, p999, errors = map(int, found.groups())
    return Outcome(requests, size, took / 1e6, p50, p99, p999, errors, cpu_share(server, requests, before))

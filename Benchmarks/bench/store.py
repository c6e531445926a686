"""The store's jobs: disk hits, resident memory under churn, start with many objects, a saturated disk, many purges."""
import json
import math
import os
import pathlib
import random
import subprocess
import threading
import time

from support.http import fetch
from support.program import eventually

from . import load, machine
from .crawl import crawl
from .report import Report, middle, spread
from .servers import Edge, NginxCache, Origin

MIB = 1 << 20
SERVER_CORE, LOAD_CORE = "0", "1"


class Bench:
    """What the jobs share: the programs, a folder, how long to take."""

    def __init__(self, report: Report, apus: pathlib.Path, tool: pathlib.Path, folder: pathlib.Path, size: str):
        self.report, self.apus, self.tool, self.folder = report, apus, tool, folder
        self.is_quick, self.is_long = size == "quick", size == "long"
        self.files = folder / "files"
        self.files.mkdir()

    def pick(self, quick, usual, long):
        return quick if self.is_quick else long if self.is_long else usual

    def origin(self) -> Origin:
        origin = Origin(self.folder / "origin", self.files).start()
        machine.pin(origin.pid, LOAD_CORE)
        return origin


def disk_hits(bench: Bench) -> None:
    """16 KiB objects, more than memory holds, all of them in the page cache: the edge against nginx's proxy_cache."""
    count, seconds, rounds = bench.pick(4_000, 20_000, 20_000), bench.pick(2, 5, 10), bench.pick(3, 5, 7)
    origin = bench.origin()
    edge = Edge(bench.apus, bench.folder / "edge-hits", origin, bench.pick("32MiB", "64MiB", "64MiB"), "4GiB").start()
    nginx = NginxCache(bench.folder / "nginx-hits", origin).start()
    try:
        for server in (edge, nginx):
            machine.pin(server.pid, SERVER_CORE)
            crawl(server.port, "/made/16/%d", count)
        edge.settle()
        crawl(edge.port, "/made/16/%d", count)
        costs: dict[str, list[float]] = {"edge": [], "nginx": []}
        rates: dict[str, list[float]] = {"edge": [], "nginx": []}
        for turn in range(rounds):
            for name, server in (("edge", edge), ("nginx", nginx)):
                got = load.run(server, '"/made/16/" .. n', seconds, bench.folder, count=count, seed=turn + 1)
                assert got.errors == 0, got
                costs[name].append(got.cpu)
                rates[name].append(got.rate)
        share = edge.metric("apus_requests_total", 'result="hit"')
        for name in costs:
            bench.report.add("disk-hits", f"{name}, CPU a request", middle(costs[name]), "us", **spread(costs[name]))
            bench.report.add("disk-hits", f"{name}, requests a second", middle(rates[name]), "1/s")
        bench.report.add("disk-hits", "edge / nginx", middle(costs["edge"]) / middle(costs["nginx"]), "", 1.0,
                         hits=share)
    finally:
        for server in (edge, nginx, origin):
            server.kill()


def sized_files(folder: pathlib.Path, classes: int = 256, seed: int = 1) -> int:
    """Files s0 … s255 of lognormal sizes from 1 KB to 4 MB; returns their mean size."""
    dice, total = random.Random(seed), 0
    for number in range(classes):
        size = 0
        while not 1_000 <= size <= 4_000_000:
            size = int(dice.lognormvariate(math.log(32_000), 1.6))
        (folder / f"s{number}").write_bytes(dice.randbytes(size))
        total += size
    return total // classes


def churn(bench: Bench) -> None:
    """Resident memory while lognormal sizes pass by a Zipf law through a memory tier that they overflow."""
    budget = bench.pick(256 * MIB, 1024 * MIB, 1024 * MIB)
    wanted = bench.pick(3, 30, 30) * 1_000_000_000
    mean = sized_files(bench.files)
    count = max(20_000, 20 * budget // mean)
    origin = bench.origin()
    edge = Edge(bench.apus, bench.folder / "edge-churn", origin, f"{budget // MIB}MiB").start()
    machine.pin(edge.pid, SERVER_CORE)
    curve = machine.ResidentCurve(edge.pid)
    try:
        turn, filled = 0, 0.0
        while filled < wanted:
            turn += 1
            load.run(edge, 'string.format("/sized/s%d/%d", n % 256, n)', 10, bench.folder, pick="zipf",
                     count=count, connections=32, seed=turn)
            filled = edge.metric("apus_origin_body_bytes_total")
            print(f"    {filled / 1e9:.1f} of {wanted / 1e9:.0f} GB filled, "
                  f"{machine.resident(edge.pid) / MIB:.0f} MiB resident", flush=True)
        used = edge.metric("apus_cache_used_bytes", 'tier="memory"')
    finally:
        samples = curve.stop()
        edge.kill()
        origin.kill()
    peak = max(size for _, size in samples)
    half = [size for when, size in samples if when >= samples[-1][0] / 2]
    early, late = half[:len(half) // 2], half[len(half) // 2:]
    bound = 1.15 * budget / MIB + 64
    bench.report.add("churn", f"peak, budget {budget // MIB} MiB", peak / MIB, "MiB", bound, filled=filled, used=used,
                     curve=[(round(when, 2), size // 1024) for when, size in samples])
    bench.report.add("churn", "4th quarter / 3rd quarter", middle(late) / middle(early), "", 1.02)


def start(bench: Bench) -> None:
    """Many 8 KB objects on disk: from the start of the process to /readyz, the index, the first answers."""
    times = {}
    for count in bench.pick([50_000], [1_000_000], [1_000_000, 2_000_000]):
        origin = bench.origin()
        edge = Edge(bench.apus, bench.folder / f"edge-{count}", origin, "1GiB", f"{count * 10 // 900 + 512}MiB").start()
        try:
            for _ in range(3):
                crawl(edge.port, "/made/8/%d", count)
                edge.settle()
                objects = edge.metric("apus_cache_objects", 'tier="disk"')
                if objects >= 0.99 * count:
                    break
            index = edge.metric("apus_cache_disk_index_bytes")
            for how in ("stopped", "killed"):
                if how == "stopped":
                    edge.stop(120)
                else:
                    edge.kill()
                subprocess.run(["cat", *sorted((bench.folder / f"edge-{count}/cache").glob("*"))], check=True,
                               stdout=subprocess.DEVNULL)
                begin = time.monotonic()
                edge.start()
                eventually(edge.is_ready, 120, "the edge is ready", every=0.01)
                times[count, how] = time.monotonic() - begin
                for number in random.Random(1).sample(range(1, count + 1), 200):
                    answer = fetch(f"{edge.url}/made/8/{number}")
                    assert answer.status == 200 and answer.body.startswith(f"/made/8/{number}|".encode()), answer
                # An edge that has lost everything is quick to start, and asks its origin for right answers.
                hits = edge.metric("apus_requests_total", 'result="hit"')
                assert hits >= 198 * objects / count, f"{hits:.0f} of the first 200 answers are hits"
                bound = 2.0 if count == 1_000_000 else None
                bench.report.add("start", f"{objects:,.0f} objects, {how}", times[count, how], "s", bound, hits=hits)
            bench.report.add("start", f"{objects:,.0f} objects, index", index / 1e6, "MB", 64.0 * count / 1e6)
        finally:
            edge.kill()
            origin.kill()
            subprocess.run(["rm", "-rf", bench.folder / f"edge-{count}"], check=True)
    for how in ("stopped", "killed"):
        if (2_000_000, how) in times:
            one, two = times[1_000_000, how], times[2_000_000, how]
            bench.report.add("start", f"10,000,000 objects, {how}, reckoned", one + 9 * (two - one), "s")


def saturated(bench: Bench) -> None:
    """Memory hits while the disk has more to do than it can: their p99 against the same with an idle disk."""
    seconds, rounds = bench.pick(3, 8, 15), bench.pick(2, 5, 7)
    origin = bench.origin()
    edge = Edge(bench.apus, bench.folder / "edge-saturated", origin, "64MiB", "4GiB", threads=1).start()
    machine.pin(edge.pid, SERVER_CORE)
    stop = threading.Event()

    def trickle():
        """A few uncached disk hits and a few misses all the time: the disk tier has to do with the busy disk."""
        dice, number = random.Random(2), 100_000
        while not stop.wait(0.02):
            for file in (bench.folder / "edge-saturated/cache").glob("segment-*"):
                descriptor = os.open(file, os.O_RDONLY)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(descriptor)
            number += 1
            for path in (f"/made/64/{dice.randrange(1, 4_001)}", f"/made/64/{number}"):
                fetch(edge.url + path)
    try:
        crawl(edge.port, "/made/64/%d", 4_000)
        edge.settle()
        calm, busy, read = [], [], []
        for turn in range(rounds):
            crawl(edge.port, "/made/1/%d", 100)
            calm.append(load.run(edge, '"/made/1/" .. n', seconds, bench.folder, count=100, connections=8,
                                 seed=turn).p99)
            fio = subprocess.Popen(
                ["fio", "--name=busy", f"--directory={bench.folder}", "--size=1G", "--rw=randrw", "--bs=64k",
                 "--direct=1", "--ioengine=libaio", "--iodepth=32", "--time_based", f"--runtime={seconds + 4}",
                 "--output-format=json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            stop.clear()
            helper = threading.Thread(target=trickle, daemon=True)
            helper.start()
            time.sleep(2)
            busy.append(load.run(edge, '"/made/1/" .. n', seconds, bench.folder, count=100, connections=8,
                                 seed=turn).p99)
            stop.set()
            helper.join()
            read.append(json.loads(fio.communicate()[0])["jobs"][0]["read"]["iops"])
        bench.report.add("saturated", "memory hits, disk idle: p99", middle(calm), "us", **spread(calm))
        bench.report.add("saturated", "memory hits, disk busy: p99", middle(busy), "us", **spread(busy), iops=read)
        bench.report.add("saturated", "busy / idle", middle(busy) / middle(calm), "", 1.2)
    finally:
        stop.set()
        edge.kill()
        origin.kill()


def purges(bench: Bench) -> None:
    """Instructions of a memory hit with 100,000 purges applied, against none, by callgrind."""
    hits = bench.pick(2_000, 20_000, 100_000)
    # valgrind cannot read this compiler's debug information; the names of functions stay.
    tool = bench.folder / "store-bench"
    subprocess.run(["strip", "-g", "-o", tool, bench.tool], check=True)

    def instructions(purges: int, hits: int, *more: str) -> int:
        out = bench.folder / f"callgrind-{purges}-{hits}"
        subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", tool, "hits",
                        "--purges", str(purges), "--hits", str(hits), *more], check=True, capture_output=True)
        for line in out.read_text().splitlines():
            if line.startswith(("totals:", "summary:")):
                return int(line.split()[1])
        raise RuntimeError(f"{out} has no total")

    cost = {}
    for count in (0, 100_000):
        cost[count] = (instructions(count, 3 * hits) - instructions(count, hits)) / (2 * hits)
        bench.report.add("purges", f"a hit after {count:,} purges", cost[count], "instr")
        each = (instructions(count, hits, "--purge-each-time") - instructions(count, hits // 2, "--purge-each-time"))
        bench.report.add("purges", f"one more purge and a hit, {count:,}", each / (hits - hits // 2), "instr")
    bench.report.add("purges", "with / without", cost[100_000] / cost[0], "", 1.05)


JOBS = {"disk-hits": disk_hits, "churn": churn, "start": start, "saturated": saturated, "purges": purges}

"""Somebody plans a cache: a trace of requests, sizes and policies, and the hit ratios that come out."""
import gzip
import json
import os
import random
import xml.etree.ElementTree as xml

import pytest

from support.program import run

POLICIES = ["lru", "s3-fifo", "size"]


def trace(requests: int = 20_000, objects: int = 2_000) -> str:
    """A few objects are popular, sizes differ widely; the same one every time."""
    chance = random.Random(16)
    sizes = [int(chance.lognormvariate(8, 2)) + 1 for _ in range(objects)]
    lines = []
    for time in range(requests):
        number = int(objects * chance.random() ** 3)
        lines.append(f"{time},/assets/{number},with, commas.css,{sizes[number]}\n")
    return "".join(lines)


def lru(text: str, capacity: int) -> tuple[float, float]:
    """Object and byte hit ratio, counted the obvious way."""
    held: dict[str, int] = {}
    used = hits = hit_bytes = count = total = 0
    for line in text.splitlines():
        key = line.split(",", 1)[1]
        size = int(line.rsplit(",", 1)[1])
        count, total = count + 1, total + size
        if key in held:
            held[key] = held.pop(key)
            hits, hit_bytes = hits + 1, hit_bytes + size
        elif size <= capacity:
            while used + size > capacity:
                used -= held.pop(next(iter(held)))
            held[key] = size
            used += size
    return hits / count, hit_bytes / total


@pytest.fixture(scope="module")
def text() -> str:
    return trace()


@pytest.fixture
def replay(apus, tmp_path):
    def call(*arguments, **options):
        return run([apus, "replay", *arguments], os.environ | {"HOME": str(tmp_path)}, timeout=60, **options)
    return call


def unique_bytes(text: str) -> int:
    return sum(int(key.rsplit(",", 1)[1]) for key in {line.split(",", 1)[1] for line in text.splitlines()})


def test_lru_is_what_counting_by_hand_gives(replay, text, tmp_path):
    file = tmp_path / "trace.csv"
    file.write_text(text)
    for percent in (1, 10, 100):
        outcome = replay(file, "--memory", f"{percent}%", "--json")
        assert outcome.status == 0, outcome
        found = json.loads(outcome.out)
        objects, in_bytes = lru(text, int(unique_bytes(text) * percent / 100))
        assert abs(found["object_hit_ratio"] - objects) < 1e-9, (percent, found, objects)
        assert abs(found["byte_hit_ratio"] - in_bytes) < 1e-9, (percent, found, in_bytes)
        assert found["requests"] == 20_000 and found["unique_bytes"] == unique_bytes(text)


def test_compressed_and_piped_traces_give_the_same(replay, text, tmp_path):
    plain = tmp_path / "trace.csv"
    plain.write_text(text)
    packed = tmp_path / "trace.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    expected = json.loads(replay(plain, "--memory", "1MiB", "--json").out)
    outcome = replay(packed, "--memory", "1MiB", "--json")
    assert {**json.loads(outcome.out), "trace": ""} == {**expected, "trace": ""}
    outcome = replay("-", "--memory", "1MiB", "--json", given=text.encode())
    assert {**json.loads(outcome.out), "trace": ""} == {**expected, "trace": ""}


def test_a_row_for_each_policy_and_size_in_80_columns(replay, text, tmp_path):
    file = tmp_path / "trace.csv"
    file.write_text(text)
    arguments = [file, "--memory", "1%,10%", "--disk", "20%,50%", "--policy", ",".join(POLICIES)]
    outcome = replay(*arguments)
    assert outcome.status == 0, outcome
    lines = outcome.out.splitlines()
    assert all(len(line) <= 80 for line in lines), outcome
    for policy in POLICIES:
        assert sum(line.startswith(policy + " ") for line in lines) == 8, outcome
    rows = json.loads(replay(*arguments, "--json").out)
    assert len(rows) == 12
    for row in rows:
        tiers = row["memory_object_hit_ratio"] + row["disk_object_hit_ratio"]
        assert abs(row["object_hit_ratio"] - tiers) < 1e-9 and 0 < tiers < 1, row
        assert row["disk_bytes_written"] > row["disk_bytes_carried_over"] >= 0 and row["evictions"] > 0, row
    # More room finds more; value by size finds more objects than recency.
    ratio = {(row["policy"], row["memory_bytes"], row["disk_bytes"]): row["memory_object_hit_ratio"] for row in rows}
    small, large = sorted({row["memory_bytes"] for row in rows})
    disk = rows[0]["disk_bytes"]
    assert all(ratio[policy, small, disk] < ratio[policy, large, disk] for policy in POLICIES), ratio
    assert ratio["size", small, disk] > ratio["lru", small, disk], ratio


def test_admission_on_the_second_request_writes_less(replay, text, tmp_path):
    file = tmp_path / "trace.csv"
    file.write_text(text)
    written = {}
    for admission in ("always", "below-16KiB", "second-request"):
        outcome = replay(file, "--memory", "1%", "--disk", "50%", "--admission", admission, "--json")
        assert outcome.status == 0, outcome
        written[admission] = json.loads(outcome.out)["disk_bytes_written"]
    assert written["second-request"] < written["below-16KiB"] < written["always"], written


def test_the_miss_ratio_curve(replay, text, tmp_path):
    file, picture = tmp_path / "trace.csv", tmp_path / "misses.svg"
    file.write_text(text)
    outcome = replay(file, "--memory", "1%", "--policy", "lru,size", "--plot", picture)
    assert outcome.status == 0 and str(picture) in outcome.out, outcome
    drawn = xml.parse(picture).getroot()
    lines = drawn.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 4
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.get("points").split()]
        assert len(points) >= 15
        assert [x for x, _ in points] == sorted(x for x, _ in points)
        # Downwards in the picture is less: the last point misses least.
        assert points[-1][1] == max(y for _, y in points)
    words = " ".join(word.text or "" for word in drawn.iter("{http://www.w3.org/2000/svg}text"))
    for word in ("lru", "size", "of requests", "of bytes", "miss ratio", "0.1 %", "100 %", "trace.csv"):
        assert word in words, words


WRONG_USE = {
    "no memory": ([], "--memory"),
    "an ambiguous size": (["--memory", "64k"], "64k"),
    "no size": (["--memory", "much"], "much"),
    "nothing": (["--memory", "0%"], "0%"),
    "more than everything": (["--memory", "101%"], "101%"),
    "no number": (["--memory", "nan%"], "nan%"),
    "an unknown policy": (["--memory", "1%", "--policy", "lru,arc"], "arc"),
    "an unknown admission": (["--memory", "1%", "--disk", "1%", "--admission", "sometimes"], "sometimes"),
}


@pytest.mark.parametrize("case", WRONG_USE)
def test_wrong_use(replay, tmp_path, case):
    arguments, word = WRONG_USE[case]
    file = tmp_path / "trace.csv"
    file.write_text("1,a,5\n")
    outcome = replay(file, *arguments)
    assert outcome.status == 2 and word in outcome.err and not outcome.out, outcome


def test_a_bad_line_is_named(replay, tmp_path):
    file = tmp_path / "trace.csv"
    file.write_text("1,a,5\n2,b,6\n3,c,large\n4,d,7\n")
    outcome = replay(file, "--memory", "1MiB")
    assert outcome.status == 1 and not outcome.out, outcome
    assert f"{file}:3:" in outcome.err and "3,c,large" in outcome.err and "time,key,size" in outcome.err, outcome


def test_files_that_are_no_traces(replay, text, tmp_path):
    outcome = replay(tmp_path / "none.csv", "--memory", "1%")
    assert outcome.status == 1 and "none.csv" in outcome.err, outcome
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    outcome = replay(empty, "--memory", "1MiB")
    assert outcome.status == 1 and "no requests" in outcome.err, outcome
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(text.encode())[:-2000])
    outcome = replay(cut, "--memory", "1MiB")
    assert outcome.status == 1 and "ends too early" in outcome.err and not outcome.out, outcome
    outcome = replay("-", "--memory", "1%", given=b"1,a,5\n")
    assert outcome.status == 2 and "standard input" in outcome.err, outcome
    plain = tmp_path / "trace.csv"
    plain.write_text("1,a,5\n")
    outcome = replay(plain, "--memory", "1%", "--plot", "/dev/null/misses.svg")
    assert outcome.status == 1 and "/dev/null/misses.svg" in outcome.err, outcome


def test_help_has_examples(replay):
    outcome = replay("--help")
    assert outcome.status == 0 and "apus replay trace.csv.zst --memory 1%" in outcome.out, outcome

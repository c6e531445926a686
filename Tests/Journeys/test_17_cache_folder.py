"""An operator looks into an edge's disk cache, while it runs and when it is stopped: apus cache ls, stat, verify, export."""
import hashlib
import json
import os
import pathlib
import pty
import random
import re
import subprocess
import threading

import pytest

from support.content import made
from support.http import fetch
from support.large_origin import LargeOrigin, digest
from support.program import eventually

SITE = "shop.example"


@pytest.fixture(scope="module")
def filled(module_stage):
    """A running edge with some objects on its disk: (cluster, edge, folder, what was put)."""
    stage = module_stage
    origin = stage.origin()
    site = (f"\n  - name: {SITE}\n    hosts: [\"*\"]\n    origin:\n      type: http\n      url: {origin.url}\n")
    cluster = stage.cluster(start=False, edges=1, sites=site, with_control=False, memory="64MiB", disk="256MiB")
    edge = cluster.edges[0].start()
    put = {}
    for number in range(30):
        path = f"/assets/{number:02}/app-{number}.css" if number % 2 else f"/made/{number}"
        body = made(path, 1000 + number * 3000)
        fields = {"Content-Type": "text/css", "Cache-Control": "max-age=3600", "Surrogate-Key": f"all tag{number % 3}"}
        origin.rule(path, name=path, size=len(body), fields=fields)
        answer = edge.get(path)
        assert answer.status == 200 and answer.body == body
        edge.get(path)
        put[path] = body
    edge.settle()
    return cluster, edge, pathlib.Path(f"{cluster.folder}/edge-1-cache"), put


def lines(outcome) -> list[dict]:
    assert outcome.status == 0, outcome
    return [json.loads(line) for line in outcome.out.splitlines()]


def names_and_times(folder: pathlib.Path) -> dict:
    return {p.name: (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.iterdir()}


def test_a_running_edge_is_listed_and_not_disturbed(filled):
    cluster, edge, folder, put = filled
    before = names_and_times(folder)
    found = lines(cluster.cli("cache", "ls", folder, "--json"))
    identity = [o for o in found if o["coding"] == "identity"]
    assert {o["path"] for o in identity} == set(put)
    for one in identity:
        assert one["site"] == SITE and one["status"] == 200 and one["bytes"] == len(put[one["path"]])
        assert 3500 < one["freshFor"] <= 3600 and one["state"] == "live"
    assert names_and_times(folder).keys() == before.keys()
    some = lines(cluster.cli("cache", "ls", folder, "--prefix", "/assets/", "--json", "--limit", "5"))
    assert len(some) == 5 and all(o["path"].startswith("/assets/") for o in some)
    by_size = [o["storedBytes"] for o in lines(cluster.cli("cache", "ls", folder, "--json", "--sort", "size"))]
    assert by_size == sorted(by_size, reverse=True)
    assert lines(cluster.cli("cache", "ls", folder, "--site", "nobody", "--json")) == []
    assert edge.get("/made/0").hit
    verified = cluster.cli("cache", "verify", folder)
    assert verified.status == 0, verified
    assert " 0 damaged" in verified.out


def test_the_table_fits_a_terminal_and_is_whole_in_a_pipe(filled):
    cluster, _, folder, put = filled
    piped = cluster.cli("cache", "ls", folder)
    assert piped.status == 0, piped
    assert all(path in piped.out for path in put)
    leader, follower = pty.openpty()
    process = subprocess.Popen([str(cluster.apus), "cache", "ls", str(folder)], stdout=follower, stderr=follower,
                               env=cluster.operator | {"TERM": "xterm"})
    os.close(follower)
    seen = b""
    while True:
        try:
            piece = os.read(leader, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(leader)
    assert process.wait(20) == 0
    rows = seen.decode().replace("\r", "").splitlines()
    assert len(rows) > 30 and rows[0].startswith("SITE")
    assert max(len(row) for row in rows) <= 80


def test_totals(filled):
    cluster, edge, folder, put = filled
    total = json.loads(cluster.cli("cache", "stat", folder, "--json").out)
    assert total["objects"] == len(put)
    assert total["sites"][SITE]["objects"] >= len(put)
    assert total["codings"]["identity"]["bytes"] == sum(map(len, put.values()))
    assert total["damaged"] == 0 and total["otherFiles"] == []
    assert total["liveBytes"] <= total["bytes"]
    text = cluster.cli("cache", "stat", "--config", edge.file)
    assert text.status == 0 and f"{len(put)} objects" in text.out, text


def test_export_gives_the_files_back(filled, tmp_path):
    cluster, _, folder, put = filled
    out = tmp_path / "saved"
    done = cluster.cli("cache", "export", folder, "--to", out)
    assert done.status == 0, done
    for path, body in put.items():
        assert (out / SITE / path.lstrip("/")).read_bytes() == body
    index = [json.loads(line) for line in (out / "index.jsonl").read_text().splitlines()]
    assert {one["path"] for one in index} == set(put)
    assert all((out / one["file"]).stat().st_size == one["bytes"] for one in index)
    assert {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()} == \
        {one["file"] for one in index} | {"index.jsonl"}
    again = cluster.cli("cache", "export", folder, "--to", out)
    assert again.status == 1 and "--force" in again.err
    forced = cluster.cli("cache", "export", folder, "--to", out, "--force", "--prefix", "/assets/", "--site", SITE)
    assert forced.status == 0, forced
    assert all((out / SITE / path.lstrip("/")).read_bytes() == body for path, body in put.items())
    assert not list(out.rglob(".apus-export*"))


def test_export_follows_no_link_out_of_its_folder(filled, tmp_path):
    cluster, _, folder, _ = filled
    out, elsewhere = tmp_path / "saved", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / SITE).symlink_to(elsewhere)
    refused = cluster.cli("cache", "export", folder, "--to", out, "--force")
    assert refused.status == 1, refused
    assert list(elsewhere.iterdir()) == []


def test_clear_words_for_what_is_no_cache(filled, tmp_path):
    cluster, edge, _, _ = filled
    for arguments, words in [
        ([tmp_path], "not a cache folder"),
        ([tmp_path / "nothing"], "does not exist"),
        ([edge.file], "not a folder"),
    ]:
        outcome = cluster.cli("cache", "stat", *arguments)
        assert outcome.status == 1 and words in outcome.err, outcome
        assert len(outcome.err.splitlines()) == 1
    assert cluster.cli("cache", "ls").status == 2
    for command in ("ls", "stat", "verify", "export"):
        told = cluster.cli("cache", command, "--help")
        assert told.status == 0 and "Examples:" in told.out
        assert max(map(len, told.out.splitlines())) <= 80


def test_an_edge_that_writes_and_gives_up_segments_looks_right_at_any_moment(stage):
    origin = stage.origin()
    site = f"\n  - name: {SITE}\n    hosts: [\"*\"]\n    origin:\n      type: http\n      url: {origin.url}\n"
    cluster = stage.cluster(start=False, edges=1, sites=site, with_control=False, memory="16MiB", disk="16MiB")
    edge = cluster.edges[0].start()
    folder, over, errors = pathlib.Path(f"{cluster.folder}/edge-1-cache"), threading.Event(), []

    def load(seed: int):
        choose = random.Random(seed)
        while not over.is_set():
            path = f"/made/{choose.choice([900, 40_000, 63_000])}/object-{choose.randrange(400)}"
            answer = edge.get(path)
            if answer.status != 200:
                errors.append(answer)
                return
    threads = [threading.Thread(target=load, args=(seed,), daemon=True) for seed in range(4)]
    for thread in threads:
        thread.start()
    seen = set()
    try:
        eventually(lambda: len(list(folder.glob("segment-*"))) > 2, 30, "there are some segments")
        for _ in range(6):
            verified = cluster.cli("cache", "verify", folder)
            assert verified.status == 0, verified
            listed = lines(cluster.cli("cache", "ls", folder, "--json"))
            keys = [(o["path"], o["coding"]) for o in listed]
            assert len(keys) == len(set(keys)), "one line for each form"
            seen |= {p.name for p in folder.glob("segment-*")}
    finally:
        over.set()
        for thread in threads:
            thread.join(30)
    assert not errors, errors
    assert len(seen) > 3, seen


def test_a_large_object_is_one_line_and_one_file(stage, tmp_path):
    origin = LargeOrigin(stage._place("large"))
    stage.made.append(origin)
    origin.start()
    site = f"\n  - name: films\n    hosts: [\"*\"]\n    origin:\n      type: http\n      url: {origin.url}\n"
    cluster = stage.cluster(start=False, edges=1, sites=site, with_control=False, memory="256MiB", disk="512MiB")
    edge = cluster.edges[0].start()
    folder, size = pathlib.Path(f"{cluster.folder}/edge-1-cache"), 64 << 20
    path = f"/{size}/film"

    def has_a_block():
        # A second request admits a block to the disk; one that joins the fetch of the first is not a second.
        assert edge.get(path, range="bytes=50000000-50000099").status == 206
        return any(row["blocks"]["present"] for row in lines(cluster.cli("cache", "ls", folder, "--json")))
    eventually(has_a_block, what="a block is on the disk")
    edge.settle()
    one, = lines(cluster.cli("cache", "ls", folder, "--json"))
    assert one["path"] == path and one["bytes"] == size and one["blocks"]["of"] == 64, one
    assert 1 <= one["blocks"]["present"] < 64
    assert f"{one['blocks']['present']} of 64 blocks" in cluster.cli("cache", "ls", folder).out
    partly = cluster.cli("cache", "export", folder, "--to", tmp_path / "partly")
    assert partly.status == 0 and "0 files" in partly.out and "incomplete" in partly.err, partly

    def has_all():
        assert len(edge.get(path).body) == size
        edge.settle()
        row, = lines(cluster.cli("cache", "ls", folder, "--json"))
        return row["blocks"] == {"present": 64, "of": 64} and row["storedBytes"] == size
    eventually(has_all, within=40, what="all blocks are on the disk")
    whole = cluster.cli("cache", "export", folder, "--to", tmp_path / "whole")
    assert whole.status == 0 and "1 file," in whole.out, whole
    file = tmp_path / "whole" / "films" / path.lstrip("/")
    assert hashlib.sha256(file.read_bytes()).hexdigest() == digest("film", 1, size)


def test_damage_is_found_once_the_edge_has_stopped(filled):
    """The last one of the file: it stops the edge and damages its folder."""
    cluster, edge, folder, put = filled
    edge.stop()
    stopped = [o for o in lines(cluster.cli("cache", "ls", folder, "--json")) if o["coding"] == "identity"]
    assert {o["path"] for o in stopped} == set(put)
    whole = cluster.cli("cache", "verify", folder)
    assert whole.status == 0, whole
    victim = max(stopped, key=lambda o: o["bytes"])
    segment = folder / victim["segment"]
    data = bytearray(segment.read_bytes())
    data[victim["offset"] + victim["recordBytes"] - 100] ^= 4
    segment.write_bytes(data)
    found = cluster.cli("cache", "verify", folder)
    assert found.status == 1, found
    assert victim["segment"] in found.out and f"at {victim['offset']}" in found.out
    assert victim["path"] in found.out and re.search(r"block \d+ of \d+", found.out)
    as_json = cluster.cli("cache", "verify", folder, "--json")
    rows = [json.loads(line) for line in as_json.out.splitlines()]
    assert rows[-1]["kind"] == "summary" and rows[-1]["damaged"] == 1
    # The edge does not serve it either.
    edge.start()
    answer = fetch(edge.url + victim["path"])
    assert answer.body == put[victim["path"]]

"""The command line: help, exit codes, width, colour, pipes, and purges that are not confirmed."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

from support.http import fetch
from support.program import run

COMMANDS = [[], ["edge"], ["origin"], ["control"], ["up"], ["purge"], ["edges"], ["put"], ["config"]]


@pytest.fixture(scope="module")
def cluster(module_stage):
    return module_stage.cluster(disk=None)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_everywhere(cluster, command):
    outcome = cluster.cli(*command, "--help", APUS_TOKEN=None, APUS_CONTROL=None)
    assert outcome.status == 0 and "USAGE" in outcome.out and not outcome.err, outcome
    too_wide = [line for line in outcome.out.splitlines() if len(line) > 80]
    assert not too_wide, too_wide


def test_version(cluster):
    outcome = cluster.cli("--version")
    assert outcome.status == 0 and re.search(r"\d+\.\d+\.\d+", outcome.out), outcome


@pytest.mark.parametrize("arguments", [
    ["nonsense"], ["purge"], ["purge", "--nonsense"], ["edge"], ["put", "x"], ["purge", "http://h/", "--timeout", "soon"],
    ["purge", "not a url"], ["edge", "--config"],
], ids=" ".join)
def test_wrong_usage_is_2(cluster, arguments):
    outcome = cluster.cli(*arguments)
    assert outcome.status == 2 and outcome.err.strip() and not outcome.out.strip(), outcome


def test_edges_is_a_table_within_80_columns(cluster):
    outcome = cluster.cli("edges")
    assert outcome.status == 0, outcome
    lines = outcome.out.splitlines()
    assert all(len(line) <= 80 for line in lines), outcome
    assert len(lines) >= 3 and "edge-1" in outcome.out and "edge-2" in outcome.out
    assert "\x1b" not in outcome.both, "escape sequences in a pipe"


def on_a_terminal(cluster, *arguments, **environment) -> str:
    """What a command prints when it believes that a person looks, 80 columns wide."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([str(cluster.apus), *arguments], stdin=follower, stdout=follower, stderr=follower,
                               env=cluster.operator | {"TERM": "xterm-256color"} | environment, start_new_session=True)
    os.close(follower)
    seen = b""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if select.select([leader], [], [], 0.2)[0]:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        elif process.poll() is not None:
            break
    os.close(leader)
    process.wait(10)
    return seen.decode(errors="replace")


def test_colour_only_where_it_is_wanted(cluster):
    assert "\x1b" not in on_a_terminal(cluster, "edges", NO_COLOR="1")
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", on_a_terminal(cluster, "edges"))
    assert "edge-1" in plain
    assert all(len(line) <= 80 for line in plain.replace("\r", "").splitlines()), plain


def test_put_shows_its_progress_to_a_person_only(cluster):
    folder = cluster.folder / "many"
    folder.mkdir()
    for number in range(40):
        (folder / f"a-file-with-quite-a-long-name-for-a-narrow-terminal-{number:02}.css").write_bytes(b"x" * 5000)
    seen = on_a_terminal(cluster, "put", str(folder), "s3://site/many/")
    assert "100" in seen and "\r" in seen.replace("\r\n", ""), seen
    for piece in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen).replace("\r", "\n").split("\n"):
        assert len(piece) <= 80, piece
    again = cluster.cli("put", str(folder), "s3://site/many/")
    assert again.status == 0 and "\r" not in again.both and "40 unchanged" in again.out, again


def test_a_closed_pipe_is_no_error(cluster):
    """`apus … | head -1` must not end in a stack trace."""
    command = f"'{cluster.apus}' --help | head -n 1; echo ${{PIPESTATUS[0]}}"
    outcome = run(["bash", "-c", command], cluster.operator)
    assert not outcome.err.strip(), outcome
    assert outcome.out.splitlines()[-1] in ("0", "141", "1"), outcome


def test_json_is_json(cluster):
    outcome = cluster.cli("edges", "--json")
    assert outcome.status == 0, outcome
    assert "edge-1" in json.dumps(json.loads(outcome.out))
    outcome = cluster.cli("purge", "--all", "--json")
    assert outcome.status == 0, outcome
    assert json.loads(outcome.out)["number"] > 0


def test_purge_prints_a_line_per_edge_with_its_time(cluster):
    outcome = cluster.cli("purge", cluster.edges[0].url + "/a.css")
    assert outcome.status == 0, outcome
    for name in ("edge-1", "edge-2"):
        lines = [line for line in outcome.out.splitlines() if name in line]
        assert len(lines) == 1 and re.search(r"\d+(\.\d+)?\s?(ms|s)\b", lines[0]), outcome
    assert all(len(line) <= 80 for line in outcome.out.splitlines())


def test_purge_without_a_token(cluster):
    outcome = cluster.cli("purge", "http://127.0.0.1/a.css", APUS_TOKEN=None)
    assert outcome.status == 1, outcome
    assert "token" in outcome.err.lower() and "APUS_TOKEN" in outcome.err, outcome
    assert len(outcome.err.strip().splitlines()) <= 4, outcome


def test_purge_with_a_wrong_token(cluster):
    outcome = cluster.cli("purge", "http://127.0.0.1/a.css", APUS_TOKEN="wrong-token")
    assert outcome.status == 1 and "token" in outcome.err.lower(), outcome
    assert "wrong-token" not in outcome.both, "the token is printed"


def test_purge_without_control(cluster):
    outcome = cluster.cli("purge", "http://127.0.0.1/a.css", APUS_CONTROL="http://127.0.0.1:9")
    assert outcome.status == 1 and "127.0.0.1:9" in outcome.err, outcome
    assert len(outcome.err.strip().splitlines()) <= 4, outcome


def test_control_refuses_who_has_no_token(cluster):
    for path in ("/v1/edges", "/v1/log?after=0", "/v1/purges/1"):
        assert fetch(cluster.control_url + path).status == 401, path
        assert fetch(cluster.control_url + path, authorization="Bearer wrong").status == 401, path


def test_an_edge_that_does_not_confirm_is_named(stage):
    cluster = stage.cluster(disk=None)
    quick, stuck = cluster.edges
    stuck.signal(signal.SIGSTOP)
    try:
        begin = time.monotonic()
        outcome = cluster.cli("purge", "--all", "--timeout", "2s")
        assert outcome.status == 1, outcome
        assert 1.5 < time.monotonic() - begin < 10
        assert re.search(rf"{stuck.name}\b", outcome.both), outcome
        named = [line for line in outcome.both.splitlines() if stuck.name in line]
        assert any("confirm" in line or "not" in line or "pending" in line for line in named), outcome
    finally:
        stuck.signal(signal.SIGCONT)
    stuck.wait_ready()
    assert cluster.cli("purge", "--all").status == 0

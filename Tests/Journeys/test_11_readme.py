"""The commands of README.md, pasted into a shell as they stand (only the ports are exchanged for free ones)."""
import pathlib
import re

import pytest

from support.cluster import clean_environment
from support.program import free_port, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORTS = ("9000", "9100", "8080", "8081", "8181", "8182", "8191", "8192")


def blocks() -> dict[str, str]:
    """The shell blocks of the README that a comment `<!-- journey: NAME -->` names."""
    text = (ROOT / "README.md").read_text()
    return dict(re.findall(r"<!-- journey: (\S+) -->\n```sh\n(.*?)```", text, re.DOTALL))


@pytest.fixture
def shell(apus, tmp_path):
    ports = {port: str(free_port()) for port in PORTS}
    environment = clean_environment(tmp_path) | {"PATH": f"{apus.parent}:{clean_environment(tmp_path)['PATH']}"}

    def paste(*scripts: str, extra: str = ""):
        script = "\n".join(scripts)
        # `127.0.0.1:818$n` is a port that the shell completes.
        script = script.replace("127.0.0.1:818$n", "127.0.0.1:$(eval echo \\$EDGE_$n)")
        script = script.replace("127.0.0.1:819$n", "127.0.0.1:$(eval echo \\$STATUS_$n)")
        for port, free in ports.items():
            script = re.sub(rf":{port}\b", f":{free}", script)
        names = {"EDGE_1": "8181", "EDGE_2": "8182", "STATUS_1": "8191", "STATUS_2": "8192"}
        return run(["bash", "-c", script + "\n" + extra],
                   environment | {name: ports[port] for name, port in names.items()}, timeout=60)
    return paste


# A person reads what was printed before going on; a shell has to wait for it.
WAIT = """
for i in $(seq 200); do
  curl -sf -o /dev/null http://127.0.0.1:8191/readyz && curl -sf -o /dev/null http://127.0.0.1:8192/readyz && break
  sleep 0.1
done
"""
STORE = """
for i in $(seq 100); do curl -s -o /dev/null $ENDPOINT && break; sleep 0.1; done
"""


def test_a_bucket_two_edges_and_a_purge(shell):
    of = blocks()
    outcome = shell(of["bucket"], of["store"], STORE, of["edges"], WAIT, of["purge"],
                    extra="status=$?; kill $(jobs -p); wait; exit $status")
    assert outcome.status == 0, outcome
    lines = outcome.out.splitlines()
    assert lines.count("body { color: black }") == 2, outcome
    assert lines.count("body { color: navy }") == 2, outcome
    assert lines[-2:] == ["body { color: navy }"] * 2, outcome
    assert any("edge-1" in line for line in lines) and any("edge-2" in line for line in lines), outcome


def test_the_page_and_its_purge(shell, stage):
    """The steps beside a running `apus up`."""
    up = stage.up()
    text = (ROOT / "README.md").read_text()
    section = text.split("## From nothing to the page")[1].split("\n## ")[0]
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))
    commands = commands.replace('export PATH="$PWD/.build/release:$PATH"', "")
    for port, url in (("8080", up.urls[0]), ("8081", up.urls[1])):
        commands = commands.replace(f"http://127.0.0.1:{port}", url)
    commands = commands.replace("/tmp/app.css", f"{up.home}/app.css")
    outcome = run(["bash", "-c", f"set -e; export HOME={up.home}\n{commands}"],
                  up.environment | {"PATH": f"{up.apus.parent}:{up.environment['PATH']}"}, timeout=60)
    assert outcome.status == 0, outcome
    lines = outcome.out.splitlines()
    verdicts = [line for line in lines if line.lower().startswith("cache-status")]
    assert len(verdicts) == 2 and "fwd=" in verdicts[0] and "; hit" in verdicts[1], outcome
    assert lines[-1].strip() == "--sun: #1d6fc2;", outcome
    assert any("edge-2" in line and "confirmed" in line for line in lines), outcome


@pytest.mark.parametrize("role", ["edge", "origin", "control"])
def test_the_files_in_config_are_right(apus, tmp_path, role):
    secrets = {name: "x" * 32 for name in ("APUS_TOKEN", "APUS_ORIGIN_KEY", "APUS_ORIGIN_SECRET", "AWS_ACCESS_KEY_ID",
                                           "AWS_SECRET_ACCESS_KEY")}
    outcome = run([apus, "config", "check", role, ROOT / "Config" / f"{role}.yaml"],
                  clean_environment(tmp_path) | secrets)
    assert outcome.status == 0, outcome
    outcome = run([apus, "config", "explain", role], clean_environment(tmp_path) | {"COLUMNS": "80"})
    assert outcome.status == 0 and "listen" in outcome.out, outcome
    assert all(len(line) <= 80 for line in outcome.out.splitlines()), outcome

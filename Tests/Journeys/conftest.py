"""Fixtures: the built program, folders, and clusters that end with their journey whatever happens."""
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
ROOT = pathlib.Path(__file__).resolve().parents[2]

from support.cluster import Cluster, Up  # noqa: E402
from support.origin import ScriptedOrigin  # noqa: E402
from support.program import Program  # noqa: E402


@pytest.fixture(scope="session")
def apus() -> pathlib.Path:
    """The program: APUS_BINARY, or the newest of the two builds."""
    named = os.environ.get("APUS_BINARY")
    if named:
        path = pathlib.Path(named)
    else:
        built = [p for c in ("release", "debug") if (p := ROOT / ".build" / c / "apus").exists()]
        assert built, "nothing built: run scripts/test, or swift build and set APUS_BINARY"
        path = max(built, key=lambda p: p.stat().st_mtime)
    assert path.exists(), f"{path} is not there"
    return path


@pytest.fixture(scope="session")
def pictures() -> pathlib.Path:
    """Where screenshots go, for a person to look at."""
    folder = ROOT / ".build" / "journeys"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Stage:
    """Makes what a journey runs and ends all of it, in the opposite order."""

    def __init__(self, apus: pathlib.Path, folder: pathlib.Path):
        self.apus, self.folder = apus, folder
        self.made: list = []

    def _place(self, name: str) -> pathlib.Path:
        folder = self.folder / f"{name}-{len(self.made)}"
        folder.mkdir()
        return folder

    def cluster(self, start: bool = True, **options) -> Cluster:
        cluster = Cluster(self.apus, self._place("cluster"), **options)
        self.made.append(cluster)
        return cluster.start() if start else cluster

    def up(self, folder: pathlib.Path | None = None) -> Up:
        up = Up(self.apus, folder or self._place("up"))
        self.made.append(up)
        return up.start()

    def origin(self) -> ScriptedOrigin:
        origin = ScriptedOrigin(self._place("scripted"))
        self.made.append(origin)
        return origin.start()

    def program(self, name: str, command: list, environment: dict) -> Program:
        program = Program(name, command, self._place(name), environment)
        self.made.append(program)
        return program

    @property
    def programs(self) -> list[Program]:
        return [p for made in self.made for p in getattr(made, "programs", [made])]

    def close(self):
        for made in reversed(self.made):
            made.close() if hasattr(made, "close") else made.kill()


def _stage(apus, tmp_path_factory, request):
    stage = Stage(apus, tmp_path_factory.mktemp("journey"))
    request.node.stash[STAGE] = stage
    return stage


STAGE: pytest.StashKey = pytest.StashKey()


@pytest.fixture
def stage(apus, tmp_path_factory, request):
    """For one test."""
    stage = _stage(apus, tmp_path_factory, request)
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def module_stage(apus, tmp_path_factory, request):
    """For all tests of a file."""
    stage = _stage(apus, tmp_path_factory, request)
    yield stage
    stage.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed journey shows the end of every log."""
    report = yield
    if report.failed:
        stages = [node.stash[STAGE] for node in (item, item.parent) if node is not None and STAGE in node.stash]
        for stage in stages:
            for program in stage.programs:
                report.sections.append((f"log of {program.name} ({program.log})", program.tail()))
    return report


def pytest_report_header(config):
    tools = []
    for command in (["aws", "--version"], ["chromium", "--version"], ["curl", "--version"]):
        path = pathlib.Path(sys.executable).parent / command[0]
        try:
            out = subprocess.run([str(path) if path.exists() else command[0], *command[1:]], capture_output=True,
                                 text=True, timeout=30)
            tools.append((out.stdout or out.stderr).split("\n")[0].strip())
        except (OSError, subprocess.TimeoutExpired):
            tools.append(f"no {command[0]}")
    return "people: " + " · ".join(tools)

"""The machine under the measurement: what it is, pinning, CPU time and resident memory of processes."""
import os
import pathlib
import platform
import subprocess
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def description() -> str:
    """One line: processor, cores, memory, kernel."""
    def first(path: str, key: str) -> str:
        for line in pathlib.Path(path).read_text().splitlines():
            if line.startswith(key):
                return line.split(":", 1)[1].strip()
        return "?"
    memory = int(first("/proc/meminfo", "MemTotal").split()[0]) / 2**20
    return (f"{first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, {memory:.0f} GiB, "
            f"Linux {platform.release()}")


def version(command: list[str]) -> str:
    """The first line that a program prints about its version."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[0]


def children(pid: int) -> list[int]:
    """A process and everything it has started."""
    found, waiting = [], [pid]
    while waiting:
        this = waiting.pop()
        found.append(this)
        for task in pathlib.Path(f"/proc/{this}/task").glob("*/children"):
            try:
                waiting += [int(word) for word in task.read_text().split()]
            except OSError:
                pass
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process tree so far."""
    total = 0
    for each in children(pid):
        try:
            fields = pathlib.Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def resident(pid: int) -> int:
    """Resident bytes of a process tree."""
    total = 0
    for each in children(pid):
        try:
            total += int(pathlib.Path(f"/proc/{each}/statm").read_text().split()[1]) * PAGE
        except OSError:
            continue
    return total


def pin(pid: int, cores: str) -> None:
    """Binds all threads of a process tree to cores, given as `taskset` takes them."""
    for each in children(pid):
        subprocess.run(["taskset", "-acp", cores, str(each)], stdout=subprocess.DEVNULL, check=True)


class ResidentCurve:
    """Samples a process's resident memory until it is stopped. [(seconds, bytes)]."""

    def __init__(self, pid: int, every: float = 0.25):
        self.samples: list[tuple[float, int]] = []
        self._pid, self._every, self._begin = pid, every, time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._over.wait(self._every):
            self.samples.append((time.monotonic() - self._begin, resident(self._pid)))

    def stop(self) -> list[tuple[float, int]]:
        self._over.set()
        self._thread.join()
        return self.samples

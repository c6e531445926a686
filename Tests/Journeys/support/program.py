"""Processes with logs, deadlines and a certain end."""
import ctypes
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_taken: set[int] = set()


def eventually(condition, within: float = 15.0, what: str = "", every: float = 0.05):
    """Waits until `condition()` is true and returns its value; fails with `what` after `within` seconds."""
    end = time.monotonic() + within
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
        except (OSError, ConnectionError, AssertionError) as error:
            last = error
        if time.monotonic() > end:
            suffix = f" (last: {last!r})" if last else ""
            raise AssertionError(f"not within {within:g} s: {what or condition}{suffix}")
        time.sleep(every)


def free_port() -> int:
    """A port nobody listens on, below the range from which the kernel takes ports for outgoing connections."""
    while True:
        port = random.randrange(20000, 32000)
        if port in _taken:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _taken.add(port)
        return port


def accepts(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _die_with_parent():
    # If pytest itself is killed, the kernel ends what it started.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Program:
    """A process that belongs to a journey. Its output goes to a file, which is shown when the journey fails."""

    def __init__(self, name: str, command: list, folder: pathlib.Path, environment: dict):
        self.name = name
        self.command = [str(part) for part in command]
        self.environment = environment
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> "Program":
        assert not self.running, f"{self.name} is running already"
        with self.log.open("ab") as log:
            log.write(f"--- {' '.join(self.command)}\n".encode())
            log.flush()
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=self.environment,
                start_new_session=True, preexec_fn=_die_with_parent)
        return self

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        return self.process.pid

    def check(self):
        """Fails with the log's end when the process has ended by itself."""
        if not self.running:
            raise RuntimeError(f"{self.name} ended with {self.process.poll()}:\n{self.tail()}")

    def signal(self, number: int):
        os.kill(self.pid, number)

    def kill(self):
        """As a power cut would: SIGKILL to the process and whatever it started."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(10)

    def stop(self, within: float = 20.0) -> int:
        """Asks with SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        return self.process.wait(within)

    def memory(self, row: str = "VmHWM") -> int:
        """A row of /proc/PID/status in bytes; VmHWM is the peak of the resident set."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(row + ":"):
                return int(line.split()[1]) * 1024
        raise KeyError(row)

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.output().splitlines()[-lines:])


class Outcome:
    """What a command printed and how it ended."""

    def __init__(self, status: int, out: str, err: str, seconds: float):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    @property
    def both(self) -> str:
        return self.out + self.err

    def __repr__(self):
        return f"<exit {self.status} after {self.seconds:.1f} s\nout: {self.out}\nerr: {self.err}>"


def run(command: list, environment: dict, timeout: float = 60.0, folder=None, given: bytes | None = None) -> Outcome:
    """Runs a command to its end. One that does not end in time is killed, and the journey fails."""
    begin = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command], stdin=subprocess.PIPE if given is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=folder, start_new_session=True,
        preexec_fn=_die_with_parent)
    try:
        out, err = process.communicate(given, timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"{command} did not end within {timeout:g} s:\n{out.decode()}{err.decode()}") from None
    return Outcome(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"),
                   time.monotonic() - begin)

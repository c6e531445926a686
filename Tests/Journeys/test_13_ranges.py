"""Programs that ask for parts: curl, wget, aria2c and a browser's film get exactly the bytes of the file."""
import collections
import hashlib
import http.client
import pathlib
import random
import re
import subprocess
import threading

import pytest

from support.browser import Browser
from support.content import made
from support.film import PER_SECOND, brightness, film
from support.program import eventually

# In memory, and (large) in blocks.
SIZES = {"small.bin": 300_000, "middle.bin": 6_000_000, "large.bin": 30_000_000}


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def digest(path: pathlib.Path) -> str:
    return sha(path.read_bytes())


class Files:
    """An edge, and how to ask it for files that its origin has."""

    def __init__(self, stage, kind: str, disk: str | None = "256MiB"):
        if kind == "bucket":
            self.origin = None
            cluster = stage.cluster(edges=1, disk=disk)
            self.edge = cluster.edges[0]
            self._put = lambda name, body: cluster.put(name, body, "application/octet-stream")
        else:
            self.origin = stage.origin()
            sites = f"""
  - name: scripted
    hosts: ["*"]
    origin:
      type: http
      url: {self.origin.url}
"""
            cluster = stage.cluster(start=False, edges=1, sites=sites, with_control=False, disk=disk)
            self.edge = cluster.edges[0].start()
            self._put = None
        self.folder = cluster.folder / "downloads"
        self.folder.mkdir()
        self.environment = cluster.environment

    def make(self, name: str, made_name: str) -> tuple[str, bytes]:
        """A file that nobody has asked for yet: its URL and its bytes."""
        size = SIZES[name]
        body = made(made_name, size)
        if self._put:
            self._put(made_name, body)
        else:
            # This origin knows no ranges.
            self.origin.rule("/" + made_name, name=made_name, size=size)
        return f"{self.edge.url}/{made_name}", body

    def run(self, *command, fails: bool = False) -> str:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120,
                              env=self.environment, cwd=self.folder)
        assert fails or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture(scope="module", params=["bucket", "http"])
def files(module_stage, request):
    return Files(module_stage, request.param)


@pytest.mark.parametrize("name", SIZES)
def test_curl_takes_parts(files, name):
    url, body = files.make(name, f"curl-{name}")
    size = len(body)
    cases = {"0-0": body[:1], "100-199999": body[100:200_000], f"{size - 5}-": body[-5:], "-1000": body[-1000:],
             f"{size // 2}-{size // 2 + 99999}": body[size // 2:size // 2 + 100_000], "0-": body}
    for turn in ("cold", "warm"):
        for text, wanted in cases.items():
            out, head = files.folder / "part", files.folder / "head"
            files.run("curl", "--disable", "-sS", "--fail", "-r", text, "-o", out, "-D", head, url)
            assert digest(out) == sha(wanted), f"{turn} {text}"
            assert head.read_text().startswith("HTTP/1.1 206"), f"{turn} {text}: {head.read_text()}"


@pytest.mark.parametrize("name", SIZES)
def test_the_first_request_for_a_file_may_be_for_any_part(files, name):
    size = SIZES[name]
    for text in ("-1000", f"{size - 1}-", f"{size // 3}-{size // 3 + 99}", "-99999999", f"{size}-", "-0"):
        url, body = files.make(name, f"first-{text}-{name}")
        part = files.edge.get(url.removeprefix(files.edge.url), range=f"bytes={text}")
        if text in (f"{size}-", "-0"):
            assert part.status == 416 and part["Content-Range"] == f"bytes */{size}", f"{text}: {part}"
            continue
        wanted = {"-1000": body[-1000:], f"{size - 1}-": body[-1:], "-99999999": body}.get(
            text, body[size // 3:size // 3 + 100])
        assert part.status == 206 and part.body == wanted, f"{text}: {part}"
        files.run("curl", "--disable", "-sS", "--fail", "-o", files.folder / "whole", url)
        assert digest(files.folder / "whole") == sha(body), text


@pytest.mark.parametrize("name", ["middle.bin", "large.bin"])
def test_curl_takes_several_parts_at_once(files, name):
    for turn in ("cold", "warm"):
        url, body = files.make(name, f"several-{name}")
        size = len(body)
        out, head = files.folder / "parts", files.folder / "parts.head"
        ranges = f"0-9,{size - 2000000}-{size - 1000000},-1"
        files.run("curl", "--disable", "-sS", "--fail", "-r", ranges, "-o", out, "-D", head, url)
        boundary = re.search(r"(?im)^content-type: multipart/byteranges; boundary=(\S+)", head.read_text()).group(1)
        parts = out.read_bytes().split(f"--{boundary}".encode())
        assert parts[0] == b"" and parts[-1] == b"--\r\n"
        found = {}
        for part in parts[1:-1]:
            fields, _, bytes_ = part[2:].partition(b"\r\n\r\n")
            found[re.search(rb"Content-Range: bytes (\S+)", fields).group(1).decode()] = bytes_[:-2]
        assert found == {
            f"0-9/{size}": body[:10], f"{size - 2000000}-{size - 1000000}/{size}": body[-2_000_000:-999_999],
            f"{size - 1}-{size - 1}/{size}": body[-1:]}, (turn, found.keys())


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("tool", ["curl", "wget"])
def test_a_half_downloaded_file_is_completed(files, name, tool):
    command = {"curl": ("curl", "--disable", "-sS", "--fail", "-C", "-", "-o"),
               "wget": ("wget", "-nv", "-c", "-O")}[tool]
    for turn in ("cold", "warm"):
        url, body = files.make(name, f"{tool}-resumed-{name}")
        out = files.folder / f"{turn}-{tool}-{name}"
        # What a broken line, or a full disk, has left.
        out.write_bytes(body[:len(body) * 2 // 5])
        files.run(*command, out, url)
        assert digest(out) == sha(body), turn
        # What is whole stays as it is; curl takes the 416 for what it means since 8.0, for a failure before.
        files.run(*command, out, url, fails=tool == "curl")
        assert digest(out) == sha(body), turn


def test_a_download_that_is_killed_is_completed(files):
    url, body = files.make("large.bin", "killed.bin")
    out = files.folder / "killed"
    for _ in range(3):
        slow = subprocess.Popen(["wget", "-q", "-c", "--limit-rate=8m", "-O", out, url], env=files.environment)
        before = out.stat().st_size if out.exists() else 0
        eventually(lambda: out.exists() and out.stat().st_size > before + 1_000_000, what="some of the file")
        slow.kill()
        slow.wait()
        assert 0 < out.stat().st_size < len(body)
    files.run("wget", "-nv", "-c", "-O", out, url)
    assert digest(out) == sha(body)


@pytest.mark.parametrize("name", ["middle.bin", "large.bin"])
def test_aria2_takes_eight_parts_at_a_time(files, name):
    url, body = files.make(name, f"aria2-{name}")
    for turn in ("cold", "warm"):
        files.run("aria2c", "--no-conf", "-q", "-x8", "-s8", "-k1M", "--file-allocation=none", "--max-tries=1", "-d",
                  files.folder, "-o", f"{turn}-aria2-{name}", url)
        assert digest(files.folder / f"{turn}-aria2-{name}") == sha(body), turn
    files.edge.check()


def test_parts_come_from_the_disk_as_well(stage):
    """A restarted edge has it on its disk alone."""
    files = Files(stage, "bucket")
    made_files = {name: files.make(name, f"disk-{name}") for name in SIZES}
    for url, _ in made_files.values():
        for _ in range(2):
            files.run("curl", "--disable", "-sS", "--fail", "-o", "/dev/null", url)
    files.edge.settle()
    files.edge.stop()
    files.edge.start()
    for name, (url, body) in made_files.items():
        out = files.folder / name
        files.run("aria2c", "--no-conf", "-q", "-x8", "-s8", "-k1M", "--file-allocation=none", "--max-tries=1", "-d",
                  files.folder, "-o", name, url)
        assert digest(out) == sha(body)
        part = files.edge.get("/" + f"disk-{name}", range="bytes=200000-200099")
        assert part.status == 206 and part.body == body[200_000:200_100], part


def parts_of(answer) -> list[tuple[str, bytes]]:
    """What a 206 carries: the Content-Range of each part, and its bytes."""
    if answer["Content-Range"]:
        return [(answer["Content-Range"], answer.body)]
    boundary = answer["Content-Type"].removeprefix("multipart/byteranges; boundary=").encode()
    found = []
    for part in answer.body.split(b"--" + boundary)[1:-1]:
        fields, _, bytes_ = part[2:].partition(b"\r\n\r\n")
        found.append((re.search(rb"Content-Range: ([^\r]+)", fields).group(1).decode(), bytes_[:-2]))
    return found


@pytest.mark.parametrize("memory", ["64MiB", "16MiB"])
def test_parts_of_files_that_change_are_parts_of_the_version_that_their_tag_names(stage, memory):
    """Seeded clients ask for random parts while new versions come and are purged: nothing may ever be mixed."""
    cluster = stage.cluster(edges=1, memory=memory)
    edge = cluster.edges[0]
    sizes = {"a": 5_000, "b": 900_000, "c": 3_000_000, "d": 9_000_000}
    versions: dict[str, dict[str, bytes]] = {name: {} for name in sizes}

    def put(name):
        body = made(f"{name}{len(versions[name])}", sizes[name] + 777 * len(versions[name]))
        versions[name][f'"{hashlib.md5(body).hexdigest()}"'] = body
        cluster.put(name, body, "application/octet-stream", CacheControl="max-age=1")

    for name in sizes:
        put(name)
    wrong, counts = [], collections.Counter()
    stop = threading.Event()

    def spec(dice, size):
        first = dice.randrange(size)
        return dice.choice([f"-{first + 1}", f"{first}-", f"{first}-{first + dice.choice([0, 10, 5000, 1_500_000])}"])

    def judge(name, answer):
        counts[answer.status] += 1
        body = versions[name].get(answer["ETag"])
        if answer.status == 200:
            return answer.body == body
        if answer.status != 206 or body is None:
            return answer.status == 416
        for where, bytes_ in parts_of(answer):
            first, last, total = map(int, re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", where).groups())
            if total != len(body) or bytes_ != body[first:last + 1]:
                return False
        return True

    def client(number):
        dice = random.Random(number)
        while not stop.is_set() and not wrong:
            name = dice.choice(list(sizes))
            fields = {}
            if dice.random() < 0.8:
                count = dice.choice([1, 1, 1, 3])
                fields["range"] = "bytes=" + ",".join(spec(dice, sizes[name]) for _ in range(count))
            if dice.random() < 0.2:
                fields["if_range"] = dice.choice(list(versions[name]))
            try:
                answer = edge.get("/" + name, **fields)
                if not judge(name, answer):
                    wrong.append((name, fields, answer))
            except (ConnectionResetError, http.client.HTTPException):
                # Another version came while this one was being sent in blocks.
                counts["broken"] += 1
            except Exception as error:
                wrong.append((name, fields, repr(error)))

    clients = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in clients:
        thread.start()
    dice = random.Random(14)
    try:
        for turn in range(12):
            put(dice.choice(list(sizes)))
            if turn % 3:
                cluster.purge(f"{edge.url}/{dice.choice(list(sizes))}", *(["--soft"] if turn % 2 else []))
            before = sum(counts.values())
            eventually(lambda: wrong or sum(counts.values()) > before + 15, within=60, what="15 answers more")
    finally:
        stop.set()
        for thread in clients:
            thread.join(60)
    assert not wrong, wrong[:3]
    assert counts[206] > 50 and counts["broken"] < counts[206] / 4, counts
    edge.check()


# Luma 16 to 235 becomes grey 0 to 255.
LIGHT = """
const canvas = document.createElement("canvas");
canvas.width = canvas.height = 1;
const context = canvas.getContext("2d");
context.drawImage(document.querySelector("video"), 0, 0, 1, 1);
return context.getImageData(0, 0, 1, 1).data[1];
"""


@pytest.mark.parametrize("seconds", [12, 66], ids=["in memory", "in blocks"])
def test_a_film_in_a_browser_jumps_to_its_middle(stage, seconds):
    cluster = stage.cluster(edges=1)
    body = film(seconds)
    assert len(body) == pytest.approx(seconds * PER_SECOND * 18_530, rel=0.02)
    cluster.put("film.mp4", body, "video/mp4")
    cluster.put("watch.html", b'<!doctype html><title>film</title><link rel="icon" href="data:,">'
                              b'<video src="film.mp4" preload="metadata" muted></video>', "text/html")
    browser = Browser()
    try:
        for turn in ("cold", "warm"):
            browser.show(f"{cluster.edges[0].url}/watch.html?{turn}")
            state = "const v = document.querySelector('video'); return "
            eventually(lambda: browser.script(state + "v.readyState >= 1 || v.error && v.error.message"),
                       what="the film's head")
            assert browser.script(state + "v.error && v.error.message") is None
            assert browser.script(state + "v.duration") == pytest.approx(seconds, abs=0.1)
            for second in (seconds // 2, seconds - 2, 1):
                browser.script(state + f"v.currentTime = {second + 0.5}")
                eventually(lambda: browser.script(state + "!v.seeking && v.readyState >= 2"), what=f"second {second}")
                assert browser.script(state + "v.currentTime") == pytest.approx(second + 0.5, abs=0.05)
                wanted = (brightness(second) + 3.5 - 16) * 255 / 219
                assert browser.script(LIGHT) == pytest.approx(wanted, abs=8), f"{turn}: the picture of another second"
            # Those without a status the browser has given up itself, to jump elsewhere.
            asked = [r for r in browser.requests() if r["url"].endswith("/film.mp4") and "status" in r]
            assert all(r["status"] in (200, 206) for r in asked), asked
            parts = [r for r in asked if r["status"] == 206]
            assert parts, asked
            for request in parts:
                fields = {name.lower(): value for name, value in request["fields"].items()}
                assert re.fullmatch(rf"bytes \d+-\d+/{len(body)}", fields["content-range"]), fields
        assert not [c for c in browser.complaints() if "film" in c]
    finally:
        browser.close()
    again = cluster.edges[0].get("/film.mp4")
    assert sha(again.body) == sha(body)

"""Many URLs with one curl, each answer's head and body in files of its own."""
import pathlib
import subprocess

from support.http import Answer


def curl_all(urls: list[str], folder: pathlib.Path, headers: list[list[str]] | None = None,
             timeout: float = 120.0) -> list[Answer]:
    """Fetches URLs one after the other over kept-alive connections; `headers` has a list of lines for each URL."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for index, url in enumerate(urls):
        if index:
            lines.append("next")
        lines += [f'url = "{url}"', f'output = "{folder}/{index}.body"', f'dump-header = "{folder}/{index}.head"',
                  "silent", "show-error", "max-time = 30"]
        lines += [f'header = "{header}"' for header in _escaped(headers[index] if headers else [])]
    config = folder / "curl.config"
    config.write_text("\n".join(lines) + "\n")
    done = subprocess.run(["curl", "--disable", "--config", str(config)], capture_output=True, text=True,
                          timeout=timeout)
    assert done.returncode == 0, f"curl: {done.returncode} {done.stderr}"
    return [_answer(folder, index) for index in range(len(urls))]


def _escaped(headers: list[str]) -> list[str]:
    return [header.replace("\\", "\\\\").replace('"', '\\"') for header in headers]


def _answer(folder: pathlib.Path, index: int) -> Answer:
    head = (folder / f"{index}.head").read_bytes().decode("latin-1").strip().split("\r\n")
    body = folder / f"{index}.body"
    fields = [(name, value.strip()) for name, _, value in (line.partition(":") for line in head[1:])]
    # curl writes no file for an empty body.
    content = body.read_bytes() if body.exists() else b""
    body.unlink(missing_ok=True)
    return Answer(int(head[0].split()[1]), fields, content)

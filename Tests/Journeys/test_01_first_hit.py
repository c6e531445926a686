"""One command, a page, and the second request comes from the cache."""
import subprocess
import time

from support.http import fetch, is_hit
from support.program import accepts, eventually


def curl(url: str) -> tuple[int, dict, bytes]:
    """`curl -i`, taken apart."""
    out = subprocess.run(["curl", "-sS", "-i", url], capture_output=True, timeout=20, check=True).stdout
    head, _, body = out.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
    return int(lines[0].split()[1]), fields, body


def test_miss_then_hit_with_age(stage):
    up = stage.up()
    status, fields, page = curl(up.urls[0] + "/")
    assert status == 200
    assert page.startswith(b"<!doctype html>")
    assert "fwd=" in fields["cache-status"] and not is_hit(fields["cache-status"]), fields
    assert "age" not in fields, fields
    assert fields["content-type"].startswith("text/html")

    time.sleep(1.1)
    status, fields, again = curl(up.urls[0] + "/")
    assert status == 200 and again == page
    assert is_hit(fields["cache-status"]), fields
    assert 1 <= int(fields["age"]) <= 5, fields
    assert "via" in fields and "etag" in fields

    # The other edge has a cache of its own, and the same page.
    status, fields, other = curl(up.urls[1] + "/")
    assert (status, other) == (200, page)
    assert not is_hit(fields["cache-status"])


def test_prints_the_addresses_and_ends_with_its_signal(stage):
    up = stage.up()
    for url in [*up.urls, up.origin_url]:
        eventually(lambda: url in up.output(), 5, f"{url} is printed")
    assert up.stop() == 0
    for port in up.ports:
        assert not accepts(port), f"{port} is still open"


def test_data_stays_for_the_next_start(stage):
    up = stage.up()
    before = fetch(up.urls[0] + "/app.css")
    changed = b"/* mine */\n"
    source = up.home / "app.css"
    source.write_bytes(changed)
    outcome = up.cli("put", str(source), "s3://site/app.css")
    assert outcome.status == 0, outcome
    assert up.stop() == 0

    up.start()
    # A bucket that is there is not seeded again; what the operator changed stays changed.
    outcome = up.cli("purge", up.urls[0] + "/app.css")
    assert outcome.status == 0, outcome
    for url in up.urls:
        assert fetch(url + "/app.css").body == changed
    assert before.body != changed


def test_purge_finds_control_and_token_by_itself(stage):
    up = stage.up()
    for url in up.urls:
        fetch(url + "/app.css")
        assert fetch(url + "/app.css").hit
    outcome = up.cli("purge", up.urls[0] + "/app.css")
    assert outcome.status == 0, outcome
    for url in up.urls:
        assert not fetch(url + "/app.css").hit

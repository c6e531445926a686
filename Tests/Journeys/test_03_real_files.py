"""Real files: synced by the AWS CLI, fetched by curl through both edges in every coding."""
import gzip
import pathlib
import subprocess
import sys

import brotli
import pytest

from support.curl import curl_all
from support.files import gather
from support.program import eventually, run

CODINGS = {"identity": None, "gzip": "gzip", "br": "br"}


def aws() -> str:
    beside = pathlib.Path(sys.executable).parent / "aws"
    return str(beside) if beside.exists() else "aws"


@pytest.fixture(scope="module")
def synced(module_stage, tmp_path_factory):
    """A bucket with some hundred real files and two edges before it."""
    folder = tmp_path_factory.mktemp("files")
    files = gather(folder)
    assert len(files) > 150, f"only {len(files)} files: are the Debian packages installed?"
    cluster = module_stage.cluster(memory="128MiB")
    outcome = run([aws(), "--endpoint-url", cluster.origin_url, "s3", "sync", folder, "s3://site", "--no-progress"],
                  cluster.operator, timeout=120)
    assert outcome.status == 0, outcome
    return cluster, files


def ask(cluster, edge, files, coding, folder, headers=None):
    urls = [f"{edge.url}/{key}" for key in files]
    base = [] if coding == "identity" else [f"Accept-Encoding: {coding}"]
    return dict(zip(files, curl_all(urls, folder, [base + (headers[key] if headers else []) for key in files])))


@pytest.mark.timeout(400)
def test_every_file_in_every_coding_from_both_edges(synced, tmp_path):
    cluster, files = synced
    for edge in cluster.edges:
        kept = {}
        for coding in CODINGS:
            answers = ask(cluster, edge, files, coding, tmp_path / f"{edge.name}-{coding}-1")
            for key, answer in answers.items():
                assert answer.status == 200, (key, answer)
                assert answer["Content-Encoding"] in (None, CODINGS[coding]), (key, answer)
                assert answer.decoded == files[key], f"{key} as {coding} from {edge.name} differs"
                assert answer["ETag"], (key, answer)
        # The coded forms may be made beside the answers; then every further answer is a hit.
        for coding in CODINGS:
            def second():
                answers = ask(cluster, edge, files, coding, tmp_path / f"{edge.name}-{coding}-2")
                misses = [key for key, answer in answers.items() if not answer.hit]
                assert not misses, f"{len(misses)} of {len(files)} are no hits as {coding}: {misses[:5]}"
                return answers
            kept[coding] = eventually(second, 20, f"all files are hits as {coding} from {edge.name}", every=1)
            for key, answer in kept[coding].items():
                assert answer.status == 200 and answer.decoded == files[key], (key, coding, answer)
                assert int(answer["Age"]) >= 0

        text = [key for key in files if key.endswith((".css", ".js")) and len(files[key]) > 4096]
        assert len(text) > 40
        for key in files:
            tags = {}
            for coding in CODINGS:
                answer = kept[coding][key]
                tags.setdefault(answer["Content-Encoding"], set()).add(answer["ETag"])
                assert not answer["ETag"].startswith("W/"), (key, coding, answer)
            if key in text:
                assert tags.keys() == {None, "gzip", "br"}, f"{key} comes only as {tags.keys()}"
            every = [tag for of_coding in tags.values() for tag in of_coding]
            assert len(every) == len(set(every)), f"{key}: one ETag for two codings: {tags}"
            if len(tags) > 1:
                assert all("accept-encoding" in (kept[c][key]["Vary"] or "").lower() for c in CODINGS), key

        for coding in CODINGS:
            # Each tag gives a 304 that repeats it.
            headers = {key: [f"If-None-Match: {kept[coding][key]['ETag']}"] for key in files}
            answers = ask(cluster, edge, files, coding, tmp_path / f"{edge.name}-{coding}-3", headers)
            for key, answer in answers.items():
                assert answer.status == 304, (key, coding, answer)
                assert answer["ETag"] == kept[coding][key]["ETag"], (key, coding, answer)
                assert answer.body == b"" and answer["Content-Encoding"] in (None, CODINGS[coding])


def test_the_coded_forms_are_what_other_programs_read(synced, tmp_path):
    """Debian's own gzip and brotli unpack what the edge packed."""
    cluster, files = synced
    key = max((k for k in files if k.endswith(".css")), key=lambda k: len(files[k]))
    for coding, command in (("gzip", ["gzip", "-dc"]), ("br", ["brotli", "-dc"])):
        def coded():
            answer = cluster.edges[0].get("/" + key, accept_encoding=coding)
            return answer if answer["Content-Encoding"] == coding else None
        answer = eventually(coded, what=f"{key} as {coding}")
        plain = subprocess.run(command, input=answer.body, capture_output=True, timeout=20, check=True).stdout
        assert plain == files[key]
        assert len(answer.body) < len(plain) / 3


def test_garbage_in_accept_encoding_is_identity_and_refusals_are_heard(synced):
    cluster, files = synced
    key = next(k for k in files if k.endswith("bootstrap.css"))
    edge = cluster.edges[0]
    for garbage in ("", ";;;", "gzip;q=banana", "compress", "gzip;q=0, br;q=0", "identity"):
        answer = edge.get("/" + key, accept_encoding=garbage)
        assert answer.status == 200, (garbage, answer)
        assert answer["Content-Encoding"] is None and answer.body == files[key], (garbage, answer)
    preferred = edge.get("/" + key, accept_encoding="gzip;q=1.0, br;q=0.1")
    assert preferred["Content-Encoding"] == "gzip" and gzip.decompress(preferred.body) == files[key]
    preferred = edge.get("/" + key, accept_encoding="gzip, deflate, br, zstd")
    assert preferred["Content-Encoding"] == "br" and brotli.decompress(preferred.body) == files[key]


def test_nothing_of_the_bucket_shows(synced):
    cluster, files = synced
    answer = cluster.edges[0].get("/" + next(iter(files)))
    leaked = [name for name, _ in answer.fields if name.lower().startswith("x-amz-")]
    assert not leaked, leaked
    missing = cluster.edges[0].get("/no/such/file")
    assert missing.status == 404 and b"<Error>" not in missing.body and missing.cache, missing

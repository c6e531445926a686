"""Today's AWS CLI and boto3 against the store, and `apus put`."""
import hashlib
import pathlib
import sys
import time

import botocore.exceptions
import pytest

from support.content import made
from support.http import fetch
from support.program import run


@pytest.fixture(scope="module")
def store(module_stage):
    return module_stage.cluster(edges=0, with_control=False)


def aws(store, *arguments, timeout=60):
    beside = pathlib.Path(sys.executable).parent / "aws"
    outcome = run([beside if beside.exists() else "aws", "--endpoint-url", store.origin_url, *arguments],
                  store.operator, timeout)
    assert outcome.status == 0, outcome
    return outcome.out


@pytest.fixture
def tree(tmp_path):
    files = {"index.html": b"<!doctype html>", "css/app.css": b"body{}", "js/app.js": b"export {}\n",
             "img/a b+c.svg": b"<svg/>", "img/\u00fc.png": made("png", 70_000), "empty.txt": b""}
    for key, body in files.items():
        path = tmp_path / "tree" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return tmp_path / "tree", files


def keys(store, bucket, prefix=""):
    pages = store.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {o["Key"] for page in pages for o in page.get("Contents", [])}


# AWS CLI

def test_aws_mb_cp_sync_ls_rm(store, tree, tmp_path):
    folder, files = tree
    aws(store, "s3", "mb", "s3://cli-bucket")
    assert "cli-bucket" in aws(store, "s3", "ls")

    begin = time.monotonic()
    aws(store, "s3", "cp", str(folder / "css/app.css"), "s3://cli-bucket/app.css", "--cache-control", "max-age=60")
    # Every upload carries Expect: 100-continue; who answers it late makes the client wait a second.
    assert time.monotonic() - begin < 10
    head = store.s3.head_object(Bucket="cli-bucket", Key="app.css")
    assert head["ContentType"] == "text/css" and head["CacheControl"] == "max-age=60"

    aws(store, "s3", "sync", str(folder), "s3://cli-bucket/tree/")
    assert keys(store, "cli-bucket", "tree/") == {"tree/" + key for key in files}
    assert aws(store, "s3", "sync", str(folder), "s3://cli-bucket/tree/").strip() == "", "nothing changed, all was sent"
    listed = aws(store, "s3", "ls", "s3://cli-bucket/tree/")
    assert "PRE css/" in listed and "index.html" in listed
    assert len(aws(store, "s3", "ls", "--recursive", "s3://cli-bucket/").splitlines()) == len(files) + 1

    back = tmp_path / "back"
    aws(store, "s3", "sync", "s3://cli-bucket/tree/", str(back))
    for key, body in files.items():
        assert (back / key).read_bytes() == body, key

    (folder / "js/app.js").unlink()
    aws(store, "s3", "sync", "--delete", str(folder), "s3://cli-bucket/tree/")
    assert "tree/js/app.js" not in keys(store, "cli-bucket")
    aws(store, "s3", "rm", "s3://cli-bucket/app.css")
    assert "app.css" not in keys(store, "cli-bucket")
    aws(store, "s3", "rm", "--recursive", "s3://cli-bucket/")
    assert keys(store, "cli-bucket") == set()
    aws(store, "s3", "rb", "s3://cli-bucket")
    assert "cli-bucket" not in aws(store, "s3", "ls")


def test_fifty_small_uploads_do_not_wait_for_100_continue(store):
    s3 = store.s3
    s3.create_bucket(Bucket="quick")
    begin = time.monotonic()
    for number in range(50):
        s3.put_object(Bucket="quick", Key=f"{number}", Body=b"x" * 100)
    assert time.monotonic() - begin < 15, "about a second an upload: no 100 Continue came"


# boto3

def test_what_is_put_comes_back(store):
    s3 = store.s3
    s3.create_bucket(Bucket="boto")
    body = made("boto", 300_000)
    put = s3.put_object(Bucket="boto", Key="a/b.js", Body=body, ContentType="text/javascript",
                        CacheControl="max-age=5", ContentEncoding="identity", Metadata={"cache-tag": "one two"})
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket="boto", Key="a/b.js")
    assert got["Body"].read() == body and got["ETag"] == put["ETag"] and got["ContentType"] == "text/javascript"
    assert got["CacheControl"] == "max-age=5" and got["Metadata"] == {"cache-tag": "one two"}
    head = s3.head_object(Bucket="boto", Key="a/b.js")
    assert head["ContentLength"] == len(body)
    part = s3.get_object(Bucket="boto", Key="a/b.js", Range="bytes=1000-1999")
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206 and part["Body"].read() == body[1000:2000]
    assert s3.get_object(Bucket="boto", Key="a/b.js", Range="bytes=-10")["Body"].read() == body[-10:]
    s3.delete_object(Bucket="boto", Key="a/b.js")
    s3.delete_object(Bucket="boto", Key="a/b.js")
    assert code(lambda: s3.get_object(Bucket="boto", Key="a/b.js")) == "NoSuchKey"


def code(call) -> str:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


def test_errors_have_their_names(store):
    s3 = store.s3
    s3.create_bucket(Bucket="errors")
    s3.put_object(Bucket="errors", Key="k", Body=b"1")
    tag = s3.head_object(Bucket="errors", Key="k")["ETag"]
    assert code(lambda: s3.get_object(Bucket="none-such", Key="k")) == "NoSuchBucket"
    assert code(lambda: s3.get_object(Bucket="errors", Key="none")) == "NoSuchKey"
    assert code(lambda: s3.head_object(Bucket="errors", Key="none")) == "404"
    assert code(lambda: s3.delete_bucket(Bucket="errors")) == "BucketNotEmpty"
    assert code(lambda: s3.create_bucket(Bucket="No_Such_Name")) == "InvalidBucketName"
    assert code(lambda: s3.get_object(Bucket="errors", Key="k", Range="bytes=9-")) == "InvalidRange"
    assert code(lambda: s3.get_object(Bucket="errors", Key="k", IfNoneMatch=tag)) == "304"
    assert code(lambda: s3.get_object(Bucket="errors", Key="k", IfMatch='"other"')) == "PreconditionFailed"
    s3.create_bucket(Bucket="errors")


def test_lists_in_pages_and_folders(store):
    s3 = store.s3
    s3.create_bucket(Bucket="lists")
    wanted = sorted([f"a/{n:03}" for n in range(40)] + [f"b/{n}" for n in range(5)] + ["c", "a b+c&d", "\u00fc"],
                    key=lambda key: key.encode())
    for key in wanted:
        s3.put_object(Bucket="lists", Key=key, Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="lists", PaginationConfig={"PageSize": 7})
    assert [o["Key"] for page in pages for o in page["Contents"]] == wanted
    top = s3.list_objects_v2(Bucket="lists", Delimiter="/")
    assert [p["Prefix"] for p in top["CommonPrefixes"]] == ["a/", "b/"]
    assert [o["Key"] for o in top["Contents"]] == [k for k in wanted if "/" not in k]
    below = s3.list_objects_v2(Bucket="lists", Prefix="b/", StartAfter="b/2")
    assert [o["Key"] for o in below["Contents"]] == ["b/3", "b/4"]


def test_a_public_bucket_is_read_by_everyone_and_written_by_nobody(stage):
    cluster = stage.cluster(start=False, edges=0, with_control=False)
    file = cluster.folder / "origin.yaml"
    file.write_text(file.read_text() + "public_buckets: [site]\n")
    cluster.start_origin()
    for bucket in ("site", "private"):
        cluster.s3.create_bucket(Bucket=bucket)
        cluster.s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    assert fetch(cluster.origin_url + "/site/a").body == b"a"
    assert fetch(cluster.origin_url + "/private/a").status == 403
    assert fetch(cluster.origin_url + "/site/a", method="DELETE").status == 403
    assert cluster.s3.get_object(Bucket="site", Key="a")["Body"].read() == b"a"


# apus put

def test_put_sends_skips_and_deletes(store, tree):
    folder, files = tree
    store.s3.create_bucket(Bucket="put")
    dry = store.cli("put", folder, "s3://put/web/", "--dry-run")
    assert dry.status == 0 and keys(store, "put") == set(), dry

    first = store.cli("put", folder, "s3://put/web/", "--cache-control", "*.css=max-age=31536000, immutable")
    assert first.status == 0, first
    assert keys(store, "put") == {"web/" + key for key in files}
    for key, body in files.items():
        assert store.s3.get_object(Bucket="put", Key="web/" + key)["Body"].read() == body, key
    types = {key: store.s3.head_object(Bucket="put", Key="web/" + key) for key in files}
    assert types["index.html"]["ContentType"].startswith("text/html")
    assert types["css/app.css"]["ContentType"].startswith("text/css")
    assert types["js/app.js"]["ContentType"].startswith("text/javascript")
    assert types["img/a b+c.svg"]["ContentType"] == "image/svg+xml"
    assert types["css/app.css"]["CacheControl"] == "max-age=31536000, immutable"
    assert "CacheControl" not in types["js/app.js"]
    assert "\x1b" not in first.both and "\r" not in first.both, "a progress bar where nobody looks"

    before = {key: head["LastModified"] for key, head in types.items()}
    time.sleep(1.1)
    (folder / "css/app.css").write_bytes(b"body{color:red}")
    second = store.cli("put", folder, "s3://put/web/", "--cache-control", "*.css=max-age=31536000, immutable")
    assert second.status == 0, second
    for key in files:
        after = store.s3.head_object(Bucket="put", Key="web/" + key)["LastModified"]
        assert (after != before[key]) == (key == "css/app.css"), f"{key} was sent again, or not at all"

    (folder / "js/app.js").unlink()
    store.s3.put_object(Bucket="put", Key="other.txt", Body=b"outside of the prefix")
    kept = store.cli("put", folder, "s3://put/web/")
    assert kept.status == 0 and "web/js/app.js" in keys(store, "put"), "deleted without --delete"
    dry = store.cli("put", folder, "s3://put/web/", "--delete", "--dry-run")
    assert dry.status == 0 and "js/app.js" in dry.both and "web/js/app.js" in keys(store, "put"), dry
    gone = store.cli("put", folder, "s3://put/web/", "--delete")
    assert gone.status == 0, gone
    assert "web/js/app.js" not in keys(store, "put") and "other.txt" in keys(store, "put")


def test_put_of_one_file(store, tree):
    folder, files = tree
    store.s3.create_bucket(Bucket="one")
    assert store.cli("put", folder / "css/app.css", "s3://one/").status == 0
    assert store.cli("put", folder / "css/app.css", "s3://one/other.css").status == 0
    assert store.cli("put", folder / "css/app.css", "s3://one/deep/").status == 0
    assert keys(store, "one") == {"app.css", "other.css", "deep/app.css"}


def test_put_of_what_is_not_there(store):
    outcome = store.cli("put", store.folder / "nothing", "s3://site/")
    assert outcome.status == 1 and "nothing" in outcome.err, outcome
    outcome = store.cli("put", store.folder, "site")
    assert outcome.status == 2, outcome

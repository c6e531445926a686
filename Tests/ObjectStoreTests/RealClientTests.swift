import Foundation
import NIOCore
import TestSupport
import Testing

@testable import ObjectStore

/// The clients that people have: AWS's command line, and boto3 in clear and over TLS, where it uploads otherwise.
@Suite(.serialized)
struct RealClientTests {
    static func isInstalled(_ command: String) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            return false
        }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    static func environment(_ extra: [String: String] = [:]) -> [String: String] {
        [
            "AWS_ACCESS_KEY_ID": "alice", "AWS_SECRET_ACCESS_KEY": "wonderland", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "*",
        ].merging(extra) { $1 }
    }

    static func shell(_ script: String, in folder: TemporaryFolder, _ extra: [String: String]) async throws {
        let result = try await ProcessRunner.run(
            "/bin/bash",
            ["-euo", "pipefail", "-c", script],
            environment: environment(extra),
            folder: folder.path,
            within: .seconds(180)
        )
        #expect(result.status == .exited(0), "\(result.output)")
    }

    @Test(
        "AWS CLI: mb, cp, sync, ls, rm, rb; small, large, odd names",
        .enabled(if: isInstalled("command -v aws"), "the AWS CLI is not installed: nothing was tried with it")
    )
    func awsCLI() async throws {
        let store = try await StoreFixture()
        try store.folder.write(TestBytes.pattern(20_000_000), to: "big.bin")
        try store.folder.write("body {}", to: "tree/app.css")
        try store.folder.write("<p>", to: "tree/index.html")
        try store.folder.write("", to: "tree/empty")
        try store.folder.write(TestBytes.pattern(100_000), to: "tree/a/b c+d%20ü&.bin")
        let script = """
            s3() { aws --endpoint-url http://127.0.0.1:\(store.port) s3 "$@"; }
            s3 mb s3://shop
            s3 sync --no-progress tree s3://shop/web
            test -z "$(s3 sync tree s3://shop/web)"
            s3 ls --recursive s3://shop > listing; test "$(wc -l < listing)" = 4
            s3 ls s3://shop/web/ > listing; grep 'PRE a/' listing
            mkdir back; s3 sync --no-progress s3://shop/web back; diff -r tree back
            s3 cp --no-progress big.bin s3://shop/big.bin
            s3 cp --no-progress s3://shop/big.bin copy.bin; cmp big.bin copy.bin
            s3 cp --no-progress s3://shop/big.bin s3://shop/second.bin
            s3 cp --no-progress s3://shop/second.bin - | cmp big.bin -
            rm tree/empty; s3 sync --no-progress --delete tree s3://shop/web
            s3 ls --recursive s3://shop/web > listing; test "$(wc -l < listing)" = 3
            s3 mv --no-progress s3://shop/second.bin s3://shop/third.bin
            s3 cp --no-progress --cache-control max-age=9 --content-type text/x-test tree/app.css s3://site/app.css
            s3 rm s3://shop/big.bin
            if s3 rb s3://shop; then exit 1; fi
            s3 rm --recursive s3://shop
            s3 rb s3://shop
            if s3 ls s3://shop; then exit 1; fi
            """
        try await Self.shell(script, in: store.folder, [:])
        let css = try await store.send("GET", "/site/app.css", as: nil)
        #expect(css.text == "body {}")
        #expect(css["content-type"] == "text/x-test")
        #expect(css["cache-control"] == "max-age=9")
        #expect(try await store.server.storage.buckets().map(\.name) == ["private", "site"])
    }

    static let botoScript = #"""
        import boto3, hashlib, io, os, time
        from boto3.s3.transfer import TransferConfig
        from botocore.config import Config
        from botocore.exceptions import ClientError

        s3 = boto3.client("s3", endpoint_url=os.environ["ENDPOINT"], verify=os.environ.get("CA") or None,
                          config=Config(retries={"max_attempts": 1}))

        def refused(code, call, **arguments):
            try:
                call(**arguments)
            except ClientError as error:
                assert error.response["Error"]["Code"] == code, (code, error.response)
                return error.response
            raise AssertionError(f"{code} was expected")

        # Each upload waits for 100 Continue; a server that sends none costs a second each.
        start = time.monotonic()
        for number in range(10):
            s3.put_object(Bucket="private", Key=f"n/{number}", Body=b"x" * number)
        assert time.monotonic() - start < 8, time.monotonic() - start

        for algorithm in ["CRC32", "SHA1", "SHA256"]:
            key = f"sums/{algorithm} +%ü"
            put = s3.put_object(Bucket="private", Key=key, Body=b"hello", ChecksumAlgorithm=algorithm,
                                Metadata={"tag": "a b"}, ContentType="text/x", CacheControl="no-cache")
            get = s3.get_object(Bucket="private", Key=key, ChecksumMode="ENABLED")
            assert get["Body"].read() == b"hello"
            assert get["Checksum" + algorithm] == put["Checksum" + algorithm]
            assert get["Metadata"] == {"tag": "a b"} and get["ContentType"] == "text/x", get
            assert get["ETag"] == '"%s"' % hashlib.md5(b"hello").hexdigest()
            head = s3.head_object(Bucket="private", Key=key)
            assert head["ContentLength"] == 5 and head["CacheControl"] == "no-cache"

        assert s3.get_object(Bucket="private", Key="n/9", Range="bytes=2-4")["Body"].read() == b"xxx"
        refused("304", s3.get_object, Bucket="private", Key="n/9", IfNoneMatch=s3.head_object(Bucket="private", Key="n/9")["ETag"])
        refused("PreconditionFailed", s3.get_object, Bucket="private", Key="n/9", IfMatch='"x"')
        refused("NoSuchKey", s3.get_object, Bucket="private", Key="none")
        refused("404", s3.head_object, Bucket="private", Key="none")
        refused("NoSuchBucket", s3.list_objects_v2, Bucket="none")
        refused("PreconditionFailed", s3.put_object, Bucket="private", Key="n/9", Body=b"", IfNoneMatch="*")
        refused("NotImplemented", s3.put_object_tagging, Bucket="private", Key="n/9", Tagging={"TagSet": []})

        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="private", Prefix="n/", PaginationConfig={"PageSize": 3})
        assert [o["Key"] for p in pages for o in p.get("Contents", [])] == [f"n/{n}" for n in range(10)]
        pages = s3.get_paginator("list_objects").paginate(Bucket="private", Delimiter="/", PaginationConfig={"PageSize": 1})
        assert [c["Prefix"] for p in pages for c in p.get("CommonPrefixes", [])] == ["n/", "sums/"]
        keys = [o["Key"] for o in s3.list_objects_v2(Bucket="private", Prefix="sums/")["Contents"]]
        assert "sums/SHA1 +%ü" in keys, keys

        # Parallel parts with checksums, parallel ranged downloads.
        data = os.urandom(21_000_000)
        config = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20)
        s3.upload_fileobj(io.BytesIO(data), "private", "big", Config=config, ExtraArgs={"ContentType": "video/mp4"})
        back = io.BytesIO()
        s3.download_fileobj("private", "big", back, Config=config)
        assert back.getvalue() == data
        head = s3.head_object(Bucket="private", Key="big", ChecksumMode="ENABLED")
        assert head["ETag"].endswith('-3"') and head["ContentType"] == "video/mp4" and "ChecksumCRC32" in head, head
        assert s3.head_object(Bucket="private", Key="big", PartNumber=2)["PartsCount"] == 3
        s3.copy({"Bucket": "private", "Key": "big"}, "private", "copied", Config=config)
        assert s3.get_object(Bucket="private", Key="copied")["Body"].read() == data

        upload = s3.create_multipart_upload(Bucket="private", Key="never")["UploadId"]
        s3.upload_part(Bucket="private", Key="never", UploadId=upload, PartNumber=1, Body=b"x")
        assert len(s3.list_parts(Bucket="private", Key="never", UploadId=upload)["Parts"]) == 1
        s3.abort_multipart_upload(Bucket="private", Key="never", UploadId=upload)
        assert "Uploads" not in s3.list_multipart_uploads(Bucket="private")

        keys = [o["Key"] for o in s3.list_objects_v2(Bucket="private")["Contents"]]
        deleted = s3.delete_objects(Bucket="private", Delete={"Objects": [{"Key": k} for k in keys]})
        assert len(deleted["Deleted"]) == len(keys) and "Errors" not in deleted, deleted
        assert s3.list_objects_v2(Bucket="private")["KeyCount"] == 0
        assert s3.get_bucket_location(Bucket="private")["LocationConstraint"] is None
        wrong = boto3.client("s3", endpoint_url=os.environ["ENDPOINT"], verify=os.environ.get("CA") or None,
                             aws_access_key_id="alice", aws_secret_access_key="wrong")
        refused("SignatureDoesNotMatch", wrong.list_buckets)
        """#

    @Test(
        "boto3 in clear (hashed bodies) and over TLS (aws-chunked with a trailer)",
        .enabled(if: isInstalled("python3 -c 'import boto3'"), "boto3 is not installed: nothing was tried with it"),
        arguments: [false, true]
    )
    func boto3(overTLS: Bool) async throws {
        let store = try await StoreFixture()
        let script = try store.folder.write(Self.botoScript, to: "script.py")
        let authority = try store.folder.write(TestCertificates.authority, to: "ca.pem")
        let port = (overTLS ? store.tlsAddress : store.address).port ?? 0
        try await Self.shell(
            "python3 -W ignore '\(script)'",
            in: store.folder,
            overTLS
                ? ["ENDPOINT": "https://localhost:\(port)", "CA": authority] : ["ENDPOINT": "http://127.0.0.1:\(port)"]
        )
    }
}

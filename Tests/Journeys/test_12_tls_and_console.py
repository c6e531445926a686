"""A listener with a certificate, and the console in a browser."""
import socket
import ssl
import subprocess

from support.browser import Browser
from support.http import is_hit
from support.program import eventually, free_port


def test_an_edge_with_a_certificate(stage):
    cluster = stage.cluster(start=False, edges=1, with_control=False, disk=None)
    cluster.start_origin()
    cluster.s3.create_bucket(Bucket="site")
    cluster.put("index.html", b"front", "text/html")
    key, certificate = cluster.folder / "key.pem", cluster.folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True, timeout=30)
    edge, port = cluster.edges[0], free_port()
    edge.file.write_text(edge.file.read_text().replace(
        "status:", f"  - address: 127.0.0.1:{port}\n    tls: {{ certificate: certificate.pem, key: key.pem }}\nstatus:"))
    edge.start()
    for wanted in (False, True):
        out = subprocess.run(["curl", "-sS", "-i", "--cacert", str(certificate), "--resolve",
                              f"localhost:{port}:127.0.0.1", f"https://localhost:{port}/"],
                             capture_output=True, timeout=20, text=True, check=True).stdout
        assert out.endswith("front")
        status = next(line for line in out.splitlines() if line.lower().startswith("cache-status"))
        assert is_hit(status) == wanted, out
    # In clear to the port with the certificate, and old TLS: neither may harm the edge.
    with socket.create_connection(("127.0.0.1", port), timeout=5) as clear:
        clear.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"front" not in clear.recv(1000)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        with context.wrap_socket(connection) as secure:
            assert secure.version() in ("TLSv1.2", "TLSv1.3")
    assert edge.get("/").hit


def test_a_missing_certificate_is_a_wrong_setting_or_a_failed_start(stage):
    cluster = stage.cluster(start=False, edges=1, with_control=False, disk=None)
    edge = cluster.edges[0]
    edge.file.write_text(edge.file.read_text().replace(
        "status:", "  - address: 127.0.0.1:0\n    tls: { certificate: none.pem, key: none.pem }\nstatus:"))
    edge.start(ready=False)
    assert edge.process.wait(10) in (1, 78)
    assert "none.pem" in edge.output() and "Fatal" not in edge.output(), edge.output()


def test_the_console_opens(stage, pictures):
    up = stage.up()
    control = f"http://127.0.0.1:{up.ports[5]}/"
    browser = Browser()
    try:
        browser.show(control)
        eventually(lambda: browser.script("return document.readyState") == "complete", what="the console has loaded")
        loaded = browser.requests()
        assert len(loaded) >= 3, loaded
        for request in loaded:
            assert "failed" not in request and request.get("status") == 200, request
        assert browser.complaints() == []
        browser.picture(pictures / "console.png")
    finally:
        browser.close()


def test_purge_by_tag(stage):
    cluster = stage.cluster()
    cluster.put("a.css", b"a", Metadata={"cache-tag": "red, blue"})
    cluster.put("b.css", b"b", Metadata={"cache-tag": "green"})
    for edge in cluster.edges:
        for path in ("/a.css", "/b.css"):
            edge.get(path)
            assert edge.get(path).hit
    cluster.purge("--tag", "blue")
    for edge in cluster.edges:
        assert not edge.get("/a.css").hit
        assert edge.get("/b.css").hit

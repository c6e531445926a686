"""Rules of a site: a font for pages of another host in a browser, https and security fields with a certificate."""
import subprocess

import pytest

from conftest import ROOT
from support.browser import Browser
from support.program import free_port

PAGE = """<!doctype html><title>fonts</title><style>
@font-face { font-family: Garamond; src: url("http://localhost:%d/garamond.woff2") format("woff2"); }
p { font-family: Garamond, monospace; }
</style><p>Apus apus</p>"""
LOAD = """
const done = arguments[arguments.length - 1];
document.fonts.load("20px Garamond").then((faces) => done(faces.length), () => done(0));
"""


@pytest.mark.parametrize("cors, loads", [("", True), ("cors: fonts", True), ("cors: none", False)])
def test_a_browser_takes_a_font_from_another_host(stage, cors, loads):
    cluster = stage.cluster(start=False, edges=1, with_control=False, disk=None)
    cluster.start_origin()
    cluster.s3.create_bucket(Bucket="site")
    edge = cluster.edges[0]
    edge.file.write_text(edge.file.read_text() + f"    {cors}\n")
    edge.start()
    # Another host and so another origin, although the same edge.
    cluster.put("index.html", (PAGE % edge.port).encode(), "text/html")
    cluster.put("garamond.woff2", (ROOT / "Sources/Apus/SampleSite/garamond.woff2").read_bytes(), "font/woff2")
    browser = Browser()
    try:
        for _ in range(2):
            browser.show(edge.url + "/")
            assert (browser.driver.execute_async_script(LOAD) == 1) == loads
        fonts = [r for r in browser.requests() if r["url"].endswith(".woff2")]
        assert fonts, "the browser has not asked for the font"
        assert any("CORS" in line for line in browser.complaints()) != loads
    finally:
        browser.close()


def test_https_and_security_fields(stage):
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
        "status:", f"  - address: 127.0.0.1:{port}\n    tls: {{ certificate: certificate.pem, key: key.pem }}\nstatus:")
        + "    redirect_https: true\n    security_headers: true\n")
    edge.start()

    def curl(url, *more):
        return subprocess.run(["curl", "-sS", "-i", "--cacert", str(certificate), *more, url], capture_output=True,
                              timeout=20, text=True, check=True).stdout.lower()

    clear = curl(f"{edge.url}/a?b", "-H", "Host: localhost")
    assert clear.startswith("http/1.1 301 ") and "location: https://localhost/a?b\n" in clear, clear
    assert "strict-transport-security" not in clear
    # As a browser would: to https, where the port is another one here.
    followed = curl(f"{edge.url}/", "-L", "-H", "Host: localhost", "--connect-to", f"localhost:443:127.0.0.1:{port}")
    assert followed.endswith("front"), followed
    for _ in range(2):
        secure = curl(f"https://localhost:{port}/")
        for line in ("strict-transport-security: max-age=31536000", "x-content-type-options: nosniff",
                     "x-frame-options: sameorigin", "referrer-policy: strict-origin-when-cross-origin"):
            assert secure.count(line) == 1, secure
        assert secure.endswith("front")

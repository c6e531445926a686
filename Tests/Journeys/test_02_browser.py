"""A real browser opens the sample site from an edge."""
import urllib.parse

import pytest

from support.browser import Browser
from support.program import eventually

FILES = {"/", "/app.css", "/app.js", "/observe.js", "/sky.js", "/swift.svg", "/plate.svg", "/ascent.svg", "/edges.svg",
         "/roofs.svg", "/garamond.woff2", "/garamond-italic.woff2"}
# Brings every lazy image into view.
SCROLL = """
const step = innerHeight / 2;
for (let y = 0; y < document.documentElement.scrollHeight; y += step) scrollTo({top: y, behavior: "instant"});
for (const image of document.images) image.loading = "eager";
return [...document.images].every((i) => i.complete && i.naturalWidth > 0);
"""


@pytest.fixture
def browser():
    browser = Browser()
    yield browser
    browser.close()


def open_and_scroll(browser, url, **how):
    browser.show(url, **how)
    eventually(lambda: browser.script(SCROLL), what="all images are there")
    browser.script("scrollTo({top: 0, behavior: 'instant'})")


def by_path(requests) -> dict:
    return {urllib.parse.urlsplit(r["url"]).path: r for r in requests}


def test_every_asset_loads_and_the_second_time_nothing_is_sent_again(stage, browser, pictures):
    up = stage.up()
    url = up.urls[0] + "/"
    open_and_scroll(browser, url)
    first = by_path(browser.requests())
    assert FILES <= first.keys(), FILES - first.keys()
    for path, request in first.items():
        assert "failed" not in request, (path, request)
        assert request["status"] == 200, (path, request)
        assert urllib.parse.urlsplit(request["url"]).netloc == urllib.parse.urlsplit(url).netloc, "an external request"

    browser.driver.refresh()
    eventually(lambda: browser.script(SCROLL), what="all images are there again")
    second = by_path(browser.requests())
    assert "/" in second
    for path, request in second.items():
        assert "failed" not in request, (path, request)
        assert request.get("cached") or request.get("wire") == 304, (path, request)
    assert browser.complaints() == []


def test_the_table_shows_hits_and_the_page_is_whole(stage, browser, pictures):
    up = stage.up()
    for scheme in ("light", "dark"):
        for width, height in ((1280, 900), (375, 812), (1600, 1000)):
            open_and_scroll(browser, up.urls[0] + "/", width=width, height=height, scheme=scheme)
            eventually(lambda: browser.script("return Number(document.documentElement.dataset.rounds) >= 1"),
                       what="the table's first round")
            browser.script("document.getElementById('again').click()")
            eventually(lambda: browser.script("return Number(document.documentElement.dataset.rounds) >= 2"),
                       what="the table's second round")
            rows = browser.script("return [...document.querySelectorAll('#files tbody tr')].map((r) =>"
                                  " [r.dataset.file, r.dataset.verdict, r.cells[1].textContent])")
            assert len(rows) >= len(FILES), rows
            assert all(verdict == "hit" and edge for _, verdict, edge in rows), rows
            wide = browser.script("return document.documentElement.scrollWidth")
            assert wide <= width, f"{width} px: the page is {wide} wide"
            size = browser.picture(pictures / f"page-{width}-{scheme}.png", whole=True)
            assert size > 40_000, f"a picture of {size} bytes is an empty page"
    assert browser.complaints() == []


def test_the_page_reads_without_javascript(stage, browser, pictures):
    up = stage.up()
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.show(up.urls[1] + "/")
    assert "flies for ten months" in browser.driver.page_source
    assert browser.picture(pictures / "page-no-script.png", whole=False) > 40_000

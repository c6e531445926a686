"""Headless Chromium, and what it asked for."""
import base64
import json
import pathlib
import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="apus-browser-")
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--hide-scrollbars", "--disable-background-networking", "--no-first-run",
                         f"--user-data-dir={self.profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = shutil.which("chromedriver") or "/usr/bin/chromedriver"
        self.driver = webdriver.Chrome(options=options, service=Service(driver))
        self.driver.set_page_load_timeout(60)

    def close(self):
        try:
            self.driver.quit()
        finally:
            shutil.rmtree(self.profile, ignore_errors=True)

    def requests(self) -> list[dict]:
        """What the page itself has loaded since the last call (without what its script asked for by fetch)."""
        made: dict[str, dict] = {}
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            method, values = message["method"], message["params"]
            if not method.startswith("Network."):
                continue
            request = made.setdefault(values.get("requestId", ""), {})
            if method == "Network.requestWillBeSent":
                request |= {"url": values["request"]["url"], "type": values.get("type", "")}
            elif method == "Network.responseReceived":
                answer = values["response"]
                request |= {"status": answer["status"], "fields": answer["headers"]}
                request["cached"] = request.get("cached", False) or answer.get("fromDiskCache", False)
            elif method == "Network.responseReceivedExtraInfo":
                # The status on the wire: the page sees 200 where the edge said 304.
                request["wire"] = values["statusCode"]
            elif method == "Network.requestServedFromCache":
                request["cached"] = True
            elif method == "Network.loadingFailed":
                request["failed"] = values.get("errorText", "failed")
        # The icon of the tab is fetched outside of the page: its answer is not always reported.
        return [r for r in made.values() if r.get("url", "").startswith("http") and r.get("type") != "Fetch"
                and (r.get("type") != "Other" or "status" in r or "failed" in r)]

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def show(self, url: str, width: int = 1280, height: int = 900, scheme: str = "light"):
        command = self.driver.execute_cdp_cmd
        command("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        command("Emulation.setDeviceMetricsOverride",
                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
        self.driver.get(url)

    def picture(self, path: pathlib.Path, whole: bool = False) -> int:
        """Saves a PNG of the window or of the whole page; its size in bytes."""
        options: dict = {}
        if whole:
            size = self.script("return [document.documentElement.clientWidth, document.documentElement.scrollHeight]")
            options = {"captureBeyondViewport": True,
                       "clip": {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}}
        data = base64.b64decode(self.driver.execute_cdp_cmd("Page.captureScreenshot", options)["data"])
        path.write_bytes(data)
        return len(data)

    def script(self, text: str):
        return self.driver.execute_script(text)

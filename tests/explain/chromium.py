"""Debian's Chromium, driven: started once for a module, with its log and requests."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="NO BROWSER: the page is not driven; install chromium and chromium-driver",
    ),
]
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def started(profile: Path) -> Any:
    """Start a browser that keeps a log of what is said and asked."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability(
        "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
    )
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    driver.set_window_size(1280, 1000)
    return driver


def sized(driver: Any, width: int, height: int, *, mobile: bool = False) -> None:
    """Give the page this room."""
    metrics = {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile,
    }  # fmt: skip
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def open_page(driver: Any, page: str, path: Path) -> None:
    """Open a page from disk."""
    path.write_text(page, encoding="utf-8")
    driver.get("about:blank")
    driver.get_log("browser")
    driver.get_log("performance")
    driver.get(path.as_uri())


def complaints(driver: Any) -> list[str]:
    """Give what the console says: nothing, for a page that is well."""
    return [m["message"] for m in driver.get_log("browser")]


def requests(driver: Any) -> list[str]:
    """Give the addresses that were asked for, other than of the file itself."""
    asked = []
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
    return [u for u in asked if not u.startswith(("file:", "data:", "about:"))]


def shot(driver: Any, name: str) -> None:
    """Keep a picture of the page where a folder for them is named."""
    folder = os.environ.get("DERIVO_SCREENSHOTS")
    if folder:
        driver.save_screenshot(f"{folder}/{name}.png")

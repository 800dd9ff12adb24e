"""A headless Chromium that reports what a page says on its console and what it asks the network for."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""


Scheme = Literal["light", "dark"]


@dataclass
class Seen:
    """What a browser noticed while it showed a page."""

    console: list[str] = field(default_factory=list)
    """Messages and uncaught errors."""
    requests: list[str] = field(default_factory=list)
    """Addresses, the page's own among them."""


def needed() -> None:
    """Skip the test where there is no browser, except in CI, where there has to be one."""
    if not os.environ.get("CI"):
        pytest.importorskip("playwright", reason="needs the group: uv sync --group browser")
        if not CHROMIUM:
            pytest.skip("needs Chromium on the PATH")


@contextmanager
def browsing(
    *, scheme: Scheme = "light", width: int = 1300, height: int = 900
) -> "Iterator[tuple[Page, Seen]]":
    """An empty page of the size in pixels and in the colour scheme, and what is seen of it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            yield page, watched(page)
        finally:
            browser.close()


def watched(page: "Page") -> Seen:
    """What is seen of a page from now on."""
    seen = Seen()
    page.on("console", lambda message: seen.console.append(message.text))
    page.on("pageerror", lambda error: seen.console.append(str(error)))
    page.on("request", lambda request: seen.requests.append(request.url))
    return seen

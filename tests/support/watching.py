"""A page in Chromium of which everything that it asks for and complains of is written down."""

import os
from pathlib import Path
from time import monotonic
from typing import Any

from playwright.sync_api import Browser, Page, Route

GRAVE = ("serious", "critical")


class Watched:
    """One page. What it asks for outside of where it came from is not fetched, but noted."""

    def __init__(
        self, browser: Browser, address: str, *, width: int = 1280, scheme: Any = "light", home: str = ""
    ) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page: Page = self.context.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self._home = home or address
        self.page.route("**/*", self._route)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(f"dialog {dialog.message}"))
        self.page.goto(address)
        self.page.wait_for_selector("#list:not([aria-busy])")

    def __enter__(self) -> "Watched":
        return self

    def __exit__(self, *error: object) -> None:
        self.context.close()

    def _route(self, route: Route) -> None:
        if route.request.url.startswith((self._home, "data:")):
            route.continue_()
        else:
            self.asked.append(route.request.url)
            route.abort()

    def open(self, words: str) -> None:
        """Open the first listed sample that says this."""
        self.page.locator("button.entry", has_text=words).first.click()
        self.page.wait_for_selector("#sample:not([hidden])")

    def until(self, script: str, arg: Any = None) -> None:
        """Until it is so. Playwright's own waiting evaluates text in the page, which the page's policy forbids."""
        end = monotonic() + 20
        while not self.page.evaluate(script, arg):
            assert monotonic() < end, f"never: {script}, {arg}"
            self.page.wait_for_timeout(50)

    def faults(self) -> list[str]:
        """What axe-core finds that is serious."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [f"{fault['id']}: {fault['nodes'][0]['html'][:90]}" for fault in found if fault["impact"] in GRAVE]

    def picture(self, folder: Path, name: str) -> None:
        """A screenshot of all of it, kept where the environment says."""
        place = Path(os.environ.get("AFFECTORY_SCREENSHOTS") or folder)
        place.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=place / f"{name}.png", full_page=True)

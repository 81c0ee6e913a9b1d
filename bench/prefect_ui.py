"""Prefect's UI in the Chromium of this machine: the form of a deployment, the page of a run, the report.

For tests/integration/test_browser.py and the pictures of docs/. The pages are those of the UI that Prefect 3.8 opens
by default, below `/v2`. Nothing is asked outside of this machine: such a request is refused and noted.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Locator, Page, Route, TimeoutError, expect, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE = 60_000  # milliseconds that the UI may take to show something
_PRESSES = 20


def chromium() -> str | None:
    """The browser of this machine: playwright's own are not installed."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@dataclass
class Prefect:
    """A window on the UI of a server. `url` is that of the UI; `outside` are the hosts that its pages asked for."""

    page: Page
    url: str
    outside: set[str] = field(default_factory=set)

    def form(self, deployment: str) -> Form:
        """The form from which a deployment is run, given by its id."""
        self.page.goto(f"{self.url}/v2/deployments/deployment/{deployment}")
        self.page.get_by_role("button", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Custom run").click()
        self.page.get_by_role("button", name="Submit").wait_for()
        return Form(self)

    def ask(self, path: str, **data: Any) -> Any:
        """What the API answers to a POST."""
        return self.page.request.post(f"{self.url}/api{path}", data=data).json()


@contextmanager
def opened(api_url: str, width: int = 1400, height: int = 1000, sharpness: float = 1) -> Iterator[Prefect]:
    """A window on the server's UI. `sharpness`: pixels of a picture for each of the page's. Needs a `chromium()`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])  # CI runs it as root
        try:
            context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=sharpness)
            context.set_default_timeout(_PATIENCE)
            expect.set_options(timeout=_PATIENCE)
            ui = Prefect(context.new_page(), api_url.removesuffix("/api"))
            _stay_here(context, ui)
            yield ui
        finally:
            browser.close()


def _stay_here(context: BrowserContext, ui: Prefect) -> None:
    def decide(route: Route) -> None:
        host = urlsplit(route.request.url).hostname
        if host == "127.0.0.1":
            route.continue_()
        else:
            ui.outside.add(str(host))
            route.abort()

    context.route("**/*", decide)


@dataclass
class Form:
    """The form with a part for each parameter, and in it one for each setting."""

    ui: Prefect

    def part(self, *names: str) -> Locator:
        """A parameter (`match_brands`) or a setting (`match_brands`, `threshold`): its label, its words, its field."""
        found = self.ui.page.locator("form")
        for name in names:
            labelled = f".//label[.='{name}' or .='{name} (Optional)']/ancestor::div[fieldset][1]"
            found = found.locator(f"xpath={labelled}").first
        return found

    def words(self, *names: str) -> str:
        """The description."""
        return self.part(*names).locator("p").first.inner_text()

    def value(self, *names: str) -> Any:
        """What the field holds: text, numbers as text, a switch as a bool, a list."""
        held = self.part(*names).locator("fieldset").first
        if held.get_by_role("switch").count():
            return held.get_by_role("switch").get_attribute("aria-checked") == "true"
        if held.get_by_role("button", name="Add item").count():
            return [text.input_value() for text in held.locator("textarea").all()]
        if held.locator("input, textarea").count():
            return held.locator("input, textarea").first.input_value()
        return held.get_by_role("button").first.inner_text()

    def fill(self, value: str, *names: str) -> None:
        self.part(*names).locator("input, textarea").first.fill(value)

    def refused(self, *names: str) -> str:
        """What the browser says of the field before anything is sent; nothing if it finds no fault."""
        told: str = self.part(*names).locator("input").first.evaluate("field => field.validationMessage")
        return told

    def submit(self) -> None:
        """The button at the end: it starts a run, or shows what is wrong. What was wrong before and is mended now, it
        only looks through again: press it once more."""
        self.ui.page.get_by_role("button", name="Submit").click()

    def run(self) -> RunPage:
        """Start the run, in which nothing is wrong; its page.

        A server on SQLite answers 503 where another writer came between: as a person would, press again.
        """
        for _ in range(_PRESSES):
            with self.ui.page.expect_response(lambda answer: answer.url.endswith("/create_flow_run")) as told:
                self.submit()
            if told.value.status != 503:
                break
        assert told.value.ok, told.value.text()
        run = RunPage(self.ui, told.value.json()["id"])
        run.open()
        return run


@dataclass
class RunPage:
    """The page of a run: its graph above, its tabs below."""

    ui: Prefect
    id: str

    def open(self, tab: str = "Logs") -> None:
        self.ui.page.goto(f"{self.ui.url}/v2/runs/flow-run/{self.id}?tab={tab}")
        self.ui.page.get_by_role("tab", name=tab, selected=True).wait_for()

    def ends(self, state: str) -> None:
        """Wait until the page shows it."""
        expect(self.ui.page.get_by_text(state, exact=True).first).to_be_visible(timeout=2 * _PATIENCE)

    def card(self, key: str) -> Locator:
        """An artifact on the tab of artifacts."""
        return self.ui.page.get_by_role("link").filter(has=self.ui.page.get_by_role("heading", name=key, exact=True))

    def artifact(self, key: str) -> Page:
        """Go to the latest artifact of that key, as a click on its card does, and on the first of the list there."""
        self.open("Artifacts")
        self.card(key).click()
        self.ui.page.locator("a[href*='/artifacts/artifact/']").first.click()
        self.ui.page.get_by_role("tab", name="Raw").wait_for()
        return self.ui.page

    def report(self) -> Page:
        """Go to the report of the profile's latest run, by the link that its card leads to."""
        self.open("Artifacts")
        self.card("brand-exposure-report").click()
        link = self.ui.page.get_by_role("link", name="report.html").first
        for _ in range(6):  # one that the page draws anew in that instant is clicked in vain
            link.click()
            with suppress(TimeoutError):
                self.ui.page.wait_for_url(re.compile(r"/report\.html\?"), timeout=10_000)
                break
        return self.ui.page

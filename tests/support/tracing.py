"""The trace page served for tests, and a rater at it in Chromium."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from support.chromium import ARGUMENTS, CHROMIUM
from support.media import tone, write_sound, write_video

from affectory.annotation.tracing.app import make_app
from affectory.annotation.tracing.tasks import Scale, TraceTask
from affectory.annotation.tracing.traces import Trace, read_traces

SECONDS, FPS = 5, 25
FRAME_US = 1_000_000 // FPS
VALENCE = Scale("valence", -1, 1, "unpleasant", "pleasant", "How pleasant is what the listener feels?")
AROUSAL = Scale("arousal", 0, 10, "calm", "excited", "How excited is the listener?")


def task(uid: str = "video", media: str = "clip.mp4", **more: Any) -> TraceTask:
    """A clip of five seconds that is traced on two scales."""
    rate = FPS if media.endswith("mp4") else None
    given = {"title": f"Clip {uid}", "kind": "video" if rate else "audio", "scales": (VALENCE, AROUSAL)}
    return TraceTask(**{"uid": uid, "media": media, "duration_s": SECONDS, "frame_rate": rate, **given, **more})


def make_clips(home: Path) -> Path:
    """A home with a video and a sound."""
    (home / "media").mkdir(parents=True)
    write_video(home / "media" / "clip.mp4", SECONDS * FPS, fps=FPS, size=(320, 240))
    write_sound(home / "media" / "clip.wav", tone(SECONDS))
    return home


def trace_of(home: Path, rater: str, uid: str = "video", scale: str = "valence") -> Trace:
    """The newest trace of a rater."""
    return [t for t in read_traces(home) if (t.rater, t.task, t.scale) == (rater, uid, scale)][-1]


@dataclass
class Served:
    """A running page."""

    home: Path
    url: str


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """The page at a port of its own, as `affectory trace-ui HOME` serves it."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_app(home, asks=True), log_level="error", lifespan="off", ws="none"))
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        sleep(0.01)
    try:
        yield Served(home, f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, "--autoplay-policy=no-user-gesture-required"]
        )
        yield browser
        browser.close()


class Rater:
    """Somebody at the page."""

    def __init__(self, browser: Browser, served: Served, name: str, *, practised: bool = True, **context: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1100, "height": 820}, **context})
        store = f"sessionStorage.setItem('affectory-trace-rater', {name!r});"
        done = "localStorage.setItem('affectory-trace-practised', '1');" if practised else ""
        self.context.add_init_script(f"try {{ {store} {done} }} catch {{}}")
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.served, self.name = served, name

    def open(self, uid: str = "video", scale: str = "valence", *, ready: bool = True) -> Page:
        """Open a clip and wait until it can be played."""
        self.page.goto(f"{self.served.url}/?task={uid}&scale={scale}")
        if ready:
            self.page.wait_for_selector("#play:enabled")
        return self.page

    def wait(self, at: float) -> None:
        """Until the clip is there."""
        self.page.wait_for_function("at => document.getElementById('media').currentTime >= at", arg=at)

    def value(self) -> float:
        """What the slider says."""
        return float(self.page.get_attribute("#slider", "aria-valuenow") or "nan")

    def saved(self) -> None:
        """Until all is saved."""
        self.page.wait_for_function("() => document.getElementById('saved').dataset.all === 'yes'")

    def trace(self, uid: str = "video", scale: str = "valence") -> Trace:
        """What the server has of it."""
        return trace_of(self.served.home, self.name, uid, scale)

    def picture(self, folder: Path, name: str) -> None:
        """A screenshot, kept where the environment says."""
        place = Path(os.environ.get("AFFECTORY_SCREENSHOTS") or folder)
        place.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=place / f"trace-{name}.png")

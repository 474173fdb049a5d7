"""`affectory view` in a browser: the same page, with all samples, from a server that nobody else reaches."""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.project import COMMAND
from support.released import released
from support.watching import Watched

NASTY = "</script><img src=http://x.test/a onerror=alert(1)>'\"&"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    release = released(tmp_path_factory.mktemp("release") / "v1.0.0", 120, nasty=NASTY)
    with subprocess.Popen([*COMMAND, "view", str(release), "--port", "0"], stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            found = re.search(r"http://127\.0\.0\.1:\d+/", line)
            assert found, line
            yield found[0]
        finally:
            server.send_signal(signal.SIGINT)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark")])
def test_all_samples_can_be_looked_at(browser: Any, address: str, tmp_path: Path, width: int, scheme: str) -> None:
    with Watched(browser, address, width=width, scheme=scheme) as seen:
        view = seen.page
        view.select_option("select[name=kind]", "=audio")
        seen.until("document.getElementById('told').textContent === '24 of 120 samples'")
        seen.open("audio of")
        assert NASTY in view.locator("#sample .opinions").inner_text()
        seen.until("document.querySelector('audio').duration > 1.9")
        view.locator("#sample .way button").click()
        seen.until("document.querySelector('audio').currentTime >= .5")
        seen.picture(tmp_path, f"view-{width}-{scheme}")
        assert seen.faults() == []
        assert (seen.said, seen.asked) == ([], [])


def test_a_picture_and_its_boxes_come_from_the_server(browser: Any, address: str) -> None:
    with Watched(browser, address) as seen:
        view = seen.page
        view.fill("#find", "k6")
        seen.until("document.getElementById('told').textContent === '11 of 120 samples'")
        seen.open("image from")
        view.wait_for_selector("#sample .stage rect", state="attached")
        assert view.evaluate("document.querySelector('#sample img').naturalWidth") == 64
        assert (seen.said, seen.asked) == ([], [])

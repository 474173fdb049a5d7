"""The trace page, in a real Chromium, by mouse, keys and gamepad."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from support.tracing import FRAME_US, Rater, Served, chromium, make_clips, served, task

from affectory.annotation.tracing.checks import check_trace
from affectory.annotation.tracing.tasks import write_task

pytestmark = pytest.mark.xdist_group("trace-page")

# What the test itself sees, by the page's clock: where the pointer was, and where the clip.
WITNESS = """
() => {
  window.pointer = [];
  window.clip = [];
  const media = document.getElementById('media'), box = document.getElementById('slider').getBoundingClientRect();
  document.addEventListener('pointermove', (event) => {
    for (const one of event.getCoalescedEvents()) {
      window.pointer.push([one.timeStamp, 2 * (box.bottom - one.clientY) / box.height - 1]);
    }
  }, true);
  const turn = () => {
    if (!media.paused) window.clip.push([media.currentTime * 1e6, performance.now()]);
    requestAnimationFrame(turn);
  };
  turn();
}
"""
FRAME_MS = FRAME_US / 1000
Called = Callable[..., Rater]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = make_clips(tmp_path_factory.mktemp("traces"))
    write_task(home, task())
    write_task(home, task("sound", "clip.wav", order=1))
    with served(home) as found:
        yield found


@pytest.fixture
def rater_called(browser: Browser, page: Served) -> Iterator[Called]:
    """Opens a browser's window for somebody, and closes it at the end: a page that nobody looks at works on."""
    opened: list[Rater] = []

    def of(name: str, **how: Any) -> Rater:
        opened.append(Rater(browser, page, name, **how))
        return opened[-1]

    yield of
    faults = [fault for rater in opened for fault in rater.faults]
    for rater in opened:
        rater.context.close()
    assert not faults


def test_a_drag_is_traced_within_one_frame(rater_called: Called, tmp_path: Path) -> None:
    rater = rater_called("drag")
    at = rater.open()
    at.evaluate(WITNESS)
    box = at.locator("#slider").bounding_box()
    assert box
    x, middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    at.mouse.move(x, middle)
    at.mouse.down()
    at.keyboard.press(" ")
    rater.wait(0.2)
    for turn, share in enumerate((0.8, 0.1, 0.6, 0.3, 0.9, 0.2)):
        at.mouse.move(x, box["y"] + share * box["height"], steps=25)
        if turn == 2:
            rater.picture(tmp_path, "drag")
    at.mouse.up()
    at.wait_for_selector("#submit:enabled")
    rater.picture(tmp_path, "end")
    at.keyboard.press("Enter")
    at.wait_for_selector("#done[open]")
    rater.picture(tmp_path, "done")
    trace = rater.trace()
    assert [time for time, _ in trace.samples] == [n * FRAME_US for n in range(125)]
    assert not _beside(trace.samples, at)
    assert check_trace(trace, task()) == []
    assert all(url.startswith(rater.served.url) for url in rater.asked)


def _beside(samples: tuple[tuple[int, float], ...], at: Page) -> list[tuple[int, float, float, float]]:
    """Samples whose value the pointer did not have within one frame of their time."""
    pointer, clip = at.evaluate("[window.pointer, window.clip]")
    moments, walls = np.array(pointer)[:, 0], np.interp([time for time, _ in samples], *np.array(clip).T)
    said = np.concatenate([[0.0], np.array(pointer)[:, 1]])  # the slider began in its middle
    found = []
    for (time, value), wall in zip(samples, walls, strict=True):
        first, last = np.searchsorted(moments, wall - FRAME_MS, "right"), np.searchsorted(moments, wall + FRAME_MS)
        near = np.append(said[first : last + 1], np.interp(wall + FRAME_MS, moments, said[1:]))
        if not near.min() - 1e-3 <= value <= near.max() + 1e-3:
            found.append((time, value, near.min(), near.max()))
    return found


def test_keys_held_move_on_and_a_pause_takes_no_samples(rater_called: Called) -> None:
    rater = rater_called("keys")
    at = rater.open(scale="arousal")
    assert rater.value() == 5
    at.keyboard.press(" ")
    rater.wait(0.3)
    at.keyboard.down("ArrowUp")
    at.wait_for_timeout(800)
    at.keyboard.up("ArrowUp")
    at.keyboard.press(" ")
    held = rater.value()
    assert 7 < held < 10
    rater.saved()
    at.wait_for_timeout(300)
    before = rater.trace(scale="arousal")
    at.keyboard.press("Home")
    assert rater.value() == 0
    at.keyboard.press("End")
    assert rater.value() == 10
    at.wait_for_timeout(300)
    assert rater.trace(scale="arousal").samples == before.samples
    assert before.state == "draft"
    rising = [value for _, value in before.samples]
    assert rising == sorted(rising)
    assert rising[-1] == pytest.approx(held, abs=0.25)  # as far as it moves in a frame
    assert max(b - a for a, b in pairwise(rising)) < 0.5  # it moves, and does not jump


def test_going_back_overwrites_from_there(rater_called: Called, tmp_path: Path) -> None:
    rater = rater_called("corrects")
    at = rater.open("sound")
    at.keyboard.press("End")
    at.keyboard.press(" ")
    rater.wait(2.0)
    rater.picture(tmp_path, "sound")
    at.keyboard.press("Backspace")
    rater.wait(0.2)
    assert rater.value() == 1  # as it was at that moment
    at.keyboard.press("Home")
    rater.wait(0.6)
    at.keyboard.press(" ")
    rater.saved()
    trace = rater.trace("sound")
    assert trace.corrections == 1
    assert [time for time, _ in trace.samples] == [n * FRAME_US for n in range(len(trace.samples))]
    assert 0.6e6 <= trace.samples[-1][0] < 1.8e6
    assert trace.samples[-1][1] == -1
    at.keyboard.press("r")
    at.wait_for_selector("#ask-restart[open]")
    rater.picture(tmp_path, "restart")
    with at.expect_response("**/api/traces/**"):  # until then it may still say that all is saved
        at.click("#ask-restart button[value=yes]")
    rater.saved()
    assert rater.trace("sound").samples == ()


def test_a_reload_goes_on_where_it_was(rater_called: Called, tmp_path: Path) -> None:
    rater = rater_called("reloads", color_scheme="dark")
    at = rater.open()
    at.keyboard.press("PageUp")
    at.keyboard.press(" ")
    rater.wait(1.5)
    at.reload()
    at.wait_for_selector("#play:enabled")
    rater.picture(tmp_path, "goes-on-dark")
    first = rater.trace()
    assert first.samples[-1][0] >= 1.2e6
    assert rater.value() == pytest.approx(0.2)
    at.keyboard.press(" ")
    at.wait_for_selector("#submit:enabled")
    at.click("#submit")
    at.wait_for_selector("#done[open]")
    whole = rater.trace()
    assert whole.samples[: len(first.samples)] == first.samples
    assert [time for time, _ in whole.samples] == [n * FRAME_US for n in range(125)]
    at.click("#done button[value=again]")
    at.wait_for_selector("#play:enabled")
    assert rater.value() == 0  # what was traced before would draw the eye
    at.keyboard.press("End")
    at.keyboard.press(" ")
    rater.wait(0.4)
    at.keyboard.press(" ")
    rater.saved()
    assert (rater.trace().revision, rater.trace().state) == (1, "draft")


def test_what_the_network_lost_is_sent_later(rater_called: Called, tmp_path: Path) -> None:
    rater = rater_called("offline")
    at = rater.open("sound")
    at.keyboard.press("PageDown")
    at.keyboard.press(" ")
    rater.wait(0.3)
    at.route("**/api/**", lambda route: route.abort())
    at.wait_for_function("() => document.getElementById('saved').className === 'bad'")
    rater.wait(2.0)
    at.keyboard.press(" ")
    rater.picture(tmp_path, "offline")
    shown = at.evaluate("JSON.parse(Object.values(localStorage).find((v) => v.startsWith('{')))")
    assert shown["sending"] and shown["pending"]["samples"]
    at.unroute("**/api/**")
    at.route("**/api/traces/**", lambda route: route.fulfill(status=200, body="<h1>Log in</h1>"))
    at.wait_for_function("() => document.getElementById('saved').textContent.includes('log in again')")
    at.unroute("**/api/traces/**")
    at.reload()  # the page that had it is gone, what it kept is not
    at.wait_for_selector("#play:enabled")
    trace = rater.trace("sound")
    assert [time for time, _ in trace.samples] == [n * FRAME_US for n in range(len(trace.samples))]
    assert trace.samples[-1][0] >= 1.9e6


def test_a_second_tab_is_told(rater_called: Called, tmp_path: Path) -> None:
    rater = rater_called("two-tabs", viewport={"width": 390, "height": 844}, has_touch=True)
    at = rater.open("sound", "arousal")
    rater.picture(tmp_path, "phone")
    other = rater.context.new_page()
    other.goto(at.url)
    other.wait_for_selector("#play:enabled")
    box = at.locator("#slider").bounding_box()
    assert box
    at.touchscreen.tap(box["x"] + box["width"] - 1, box["y"] + box["height"] / 2)
    assert rater.value() > 9.9
    for tab in (at, other):
        tab.bring_to_front()
        tab.keyboard.press(" ")
        tab.wait_for_function("() => document.getElementById('saved').textContent !== ''")
    assert "continued elsewhere" in other.inner_text("#saved")
    assert at.inner_text("#saved") == "Saved"
    assert {value for _, value in rater.trace("sound", "arousal").samples} == {rater.value()}


SAMPLED = """
async ([pairs, points]) => {
  const [{ Sampler }, { Signal }] = await Promise.all([import('./static/sampler.js'), import('./static/signal.js')]);
  const signal = new Signal(0), sampler = new Sampler(25, signal), gaps = [], samples = [];
  for (const [at, value, moving] of points) signal.set(at, value, moving);
  sampler.begin(pairs[0][1]);
  for (const [wall, media] of pairs) {
    gaps.push(...sampler.saw(wall, media));
    samples.push(...sampler.ready(wall));
  }
  const [wall, media] = pairs[pairs.length - 1];
  samples.push(...sampler.end(wall, media));
  return [samples, gaps];
}
"""


def test_values_are_those_of_the_clips_own_time(rater_called: Called) -> None:
    """By the sampler alone: when pictures come late or seldom, when the clip stands still, when the hand rests."""
    at = rater_called("sampler").open("sound")
    line = [[n * 10, n / 1000] for n in range(1, 1000)]  # rises by 0.1 in a second
    seldom = [[0, 0], [130, 0.13], [140, 0.14], [555, 0.555], [1000, 1]]
    samples, gaps = at.evaluate(SAMPLED, [seldom, line])
    assert (gaps, samples) == ([], [[n * FRAME_US, pytest.approx(n * 0.004, abs=1e-9)] for n in range(25)])

    stall = [[0, 0], [200, 0.2], [1200, 0.21], [1600, 0.61]]
    samples, gaps = at.evaluate(SAMPLED, [stall, line])
    assert gaps == [{"at_us": 200_000, "until_us": 210_000, "wall_ms": 1000}]
    assert [time for time, _ in samples] == [n * FRAME_US for n in range(16) if n != 5]
    assert samples[5:] == [[n * FRAME_US, pytest.approx(n * 0.004 + 0.099, abs=1e-9)] for n in range(6, 16)]

    for moving, halfway in ((False, 0), (True, 0.5)):
        samples, _ = at.evaluate(SAMPLED, [[[0, 0], [100, 0.1], [500, 0.5]], [[100, 0, False], [300, 1, moving]]])
        assert samples[5] == [200_000, pytest.approx(halfway)]


PAD = """
window.pad = { connected: true, axes: [0, 0, 0, 0], buttons: [{ pressed: false }, { pressed: false }] };
navigator.getGamepads = () => [null, window.pad];
"""


def test_a_gamepad_moves_it(rater_called: Called) -> None:
    rater = rater_called("pad")
    rater.page.add_init_script(PAD)
    at = rater.open("sound", "arousal")
    for way, moved in ((0.1, False), (-0.8, True)):
        at.evaluate("way => { window.pad.axes[1] = way; }", way)
        at.wait_for_timeout(300)
        assert (rater.value() > 5) is moved
    at.select_option("#pad-mode", "is")
    at.wait_for_function("() => document.activeElement.id === 'slider'")
    at.evaluate("window.pad.axes[1] = 1")
    at.wait_for_function("() => document.getElementById('slider').ariaValueNow === '0'")
    at.evaluate("window.pad.axes[1] = 0")
    at.wait_for_function("() => document.getElementById('slider').ariaValueNow === '5'")
    at.evaluate("window.pad.buttons[0].pressed = true")
    rater.wait(0.2)


def test_the_first_time_there_is_practice(rater_called: Called, tmp_path: Path) -> None:
    rater = rater_called("new", practised=False)
    at = rater.open(ready=False)
    at.click("#practice-go")
    at.keyboard.down("ArrowUp")
    at.wait_for_timeout(700)
    at.keyboard.up("ArrowUp")
    rater.picture(tmp_path, "practice")
    at.click("#practice-end")
    at.wait_for_selector("#play:enabled")
    at.keyboard.press("?")
    at.wait_for_selector("#keys[open]")
    rater.picture(tmp_path, "keys")
    at.click("#keys button")
    at.click("#home")
    at.wait_for_selector("#clips-list li")
    assert at.locator("#clips-list li").count() == 2
    rater.picture(tmp_path, "clips")

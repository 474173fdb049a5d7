"""What the report of a release costs, and how soon people see it: `python benchmarks/report.py [SAMPLES ...]`.

Releases are made of so many samples with some five opinions each. `made`: processor seconds; `memory`: the most that
this took beyond what was there before, in MB; `page`: MB; then in Chromium, from disk, with an empty cache: the first
paint, until the first samples are listed, and until a search and a filter have found theirs, in milliseconds.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.chromium import ARGUMENTS, CHROMIUM
from support.released import released

_COUNTS = (100, 1_000, 10_000, 50_000)
_LISTED = "() => document.querySelectorAll('button.entry').length > 0"
_PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
_SEARCH = """async ([name, value, told]) => {
  const field = name === 'find' ? document.getElementById('find') : document.querySelector(`select[name=${name}]`);
  const begun = performance.now(), before = document.getElementById('told').textContent;
  field.value = value;
  field.dispatchEvent(new Event(name === 'find' ? 'input' : 'change', { bubbles: true }));
  while (document.getElementById('told').textContent === before) await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}"""


def main() -> None:
    """Print a line for each size."""
    print(f"{'samples':>8}{'made':>8}{'memory':>8}{'page':>8}{'paint':>8}{'listed':>8}{'search':>8}{'filter':>8}")
    for count in [int(given) for given in sys.argv[1:]] or _COUNTS:
        with tempfile.TemporaryDirectory() as folder:
            release = released(Path(folder) / "v1.0.0", count, group=2000)
            made = subprocess.run(
                [sys.executable, __file__, "--make", str(release)], capture_output=True, text=True, check=True
            )
            seconds, memory = made.stdout.split()
            page = release / "report.html"
            size = page.stat().st_size / 1e6
            paint, listed, search, choose = looked_at(page)
            print(
                f"{count:>8,}{float(seconds):>8.2f}{memory:>8}{size:>8.1f}{paint:>8.0f}{listed:>8.0f}{search:>8.0f}"
                f"{choose:>8.0f}",
                flush=True,
            )


def make(release: Path) -> None:
    """In a process of its own: write the page, print processor seconds and megabytes."""
    from affectory.pipelines.runner.lean import keep_pandas_out
    from affectory.quality.report import write_report

    keep_pandas_out()
    before, begun = _peak(), time.process_time()
    write_report(release, release / "report.html")
    print(time.process_time() - begun, round(_peak() - before))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def looked_at(page: Path) -> tuple[float, float, float, float]:
    """First paint, first samples, a search, a filter."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        view = browser.new_page(viewport={"width": 1280, "height": 900})
        begun = time.perf_counter()
        view.goto(page.as_uri(), wait_until="commit")
        while not view.evaluate(_LISTED):
            time.sleep(0.02)
        listed = 1000 * (time.perf_counter() - begun)
        search = view.evaluate(_SEARCH, ["find", "wunderbar"])
        choose = view.evaluate(_SEARCH, ["label", "=joy"])
        paint = view.evaluate(_PAINTED)
        browser.close()
    return paint, listed, search, choose


if __name__ == "__main__":
    make(Path(sys.argv[2])) if sys.argv[1:2] == ["--make"] else main()

"""The comparison of two releases as one page that needs nothing else: no script, no font, no request."""

from pathlib import Path

from affectory.annotation.status.drawing import interval
from affectory.pipelines.comparing.compared import Comparison
from affectory.quality.html_pages import html_templates

MOST_ROWS = 200
"""So many moves, columns and files are listed; JSON has all."""


def page(found: Comparison) -> str:
    """The page as HTML."""
    environment = html_templates(Path(__file__).parent / "templates")
    # What these draw is of numbers alone: the template takes it as it is.
    template = environment.get_template("diff.html.jinja")
    return template.render(
        found=found, diff=found.diff, pair=pair, interval=interval, ends=_ends(found), most=MOST_ROWS
    )


def pair(a: float, b: float, most: float) -> str:
    """Two bars from nought, one under the other."""
    bars = (("old", 0, a), ("new", 6.5, b))
    drawn = (
        f'<rect class="{name}" x="0" y="{y:g}" width="{100 * value / (most or 1):.2f}" height="5.5"/>'
        for name, y, value in bars
    )
    shape = 'viewBox="0 0 100 12" preserveAspectRatio="none"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" aria-hidden="true" {shape} focusable="false">{"".join(drawn)}</svg>'
    )


def _ends(found: Comparison) -> tuple[float, float]:
    """A scale around nought that holds the shifts of agreement with their intervals."""
    far = [abs(x) for shift in found.agreement for x in (shift.shift, shift.low, shift.high) if x is not None]
    widest = max([0.1, *far])
    return -widest, widest

"""Pages of HTML from templates: whatever they are told is escaped, and what they are not told is a mistake."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


def html_templates(folder: Path) -> "jinja2.Environment":
    """The templates of a folder."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )

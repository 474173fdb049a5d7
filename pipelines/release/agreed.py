"""How far those agree whose opinions a release publishes, as its card tells it."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from affectory.schemas.derived import OPINIONS_TABLE
from affectory.schemas.parquet import read_all
from affectory.schemas.taxonomy import Taxonomy

MOST_OPINIONS = 100_000
"""Of more the card names the command that measures them: they would have to lie in memory all at once."""
_MOST_LINES = 60


@dataclass(frozen=True)
class Agreed:
    """Krippendorff's alpha of one question among people or among models."""

    pool: str
    question: str
    measure: str
    value: str
    items: int
    raters: str


@dataclass(frozen=True)
class Agreement:
    """What could be measured, and what is to be said where nothing could."""

    lines: tuple[Agreed, ...] = ()
    says: str = ""


def agreed(release: Path, taxonomy: Taxonomy) -> Agreement:
    """The agreement among the published opinions, in the order of their questions."""
    files = sorted((release / "data" / "opinions").glob("*.parquet"))
    if not files:
        return Agreement(says="Opinions are not published, so it cannot be measured from this release.")
    if sum(pq.read_metadata(file).num_rows for file in files) > MOST_OPINIONS:
        return Agreement(says="There are many opinions: `affectory agreement` with this folder measures it.")
    found = _measured(files, taxonomy)
    return Agreement(
        found[:_MOST_LINES], "" if found else "No two raters of one kind judged enough of the same samples."
    )


def _measured(files: list[Path], taxonomy: Taxonomy) -> tuple[Agreed, ...]:
    from affectory.quality.agreement import agreement
    from affectory.quality.ratings import Ratings

    opinions = OPINIONS_TABLE.cast(pa.concat_tables(read_all(files)))
    lines: dict[tuple[str, str], Agreed] = {}
    for figure in agreement(Ratings.of_opinions(opinions, taxonomy), draws=0, by_rater=False).figures:
        name = f"{figure.question} ({figure.about})" if figure.about else figure.question
        if figure.value is not None and figure.measure.startswith("alpha"):
            raters = "not told" if figure.raters is None else str(figure.raters)
            line = Agreed(
                figure.pool, name, figure.measure, f"{round(figure.value, 3) + 0.0:.3f}", figure.items, raters
            )
            lines.setdefault((figure.pool, name), line)
    return tuple(lines.values())

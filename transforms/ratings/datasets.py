"""A dataset of the Hugging Face hub or as `datasets` saves one: every row is a rating."""

from dataclasses import dataclass
from typing import ClassVar

from affectory.transforms.ratings._columns import RatingTable
from affectory.transforms.sources._hub_tables import HubTable


@dataclass(frozen=True, kw_only=True)
class DatasetsRatings(RatingTable, HubTable):
    """Ratings from the rows of Parquet and Arrow files, with class labels by name."""

    lists: ClassVar[bool] = True

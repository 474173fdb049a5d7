"""When agreement is no honest number, and the words that stand in its place."""

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.quality.agreement._coded import FEWEST, Coded, Ints
from affectory.quality.ratings import Question

CONDITIONAL = "raters were asked only after an answer of others: agreement would be of those answers alone"
UNNAMED = "it is not said of every rating who gave it"
_UNLIKELY = 1e-3


def why_none(question: Question, ratings: Coded) -> str:
    """Why no measure of agreement can be given; empty where one can."""
    if not ratings.size:
        return "no ratings"
    if len(ratings.raters) == 1:
        return "a single rater"
    if question.conditional or differing_chances(question):
        return CONDITIONAL
    if only_after_yes(question, ratings):
        return f"{CONDITIONAL}; items with fewer ratings end with a no"
    if ratings.sizes.max() < 2:
        return "no item has two ratings"
    return "" if question.level in ("ranking", "trace", "spans") else _alike(ratings)


def _alike(ratings: Coded) -> str:
    compared = ratings.code[ratings.sizes[ratings.item] > 1]
    alike = len(np.unique(compared)) < 2
    if not alike and (ratings.sizes > 1).sum() == 1:
        return "only one item has two ratings: there is no other to tell it from"
    return "all ratings are alike: whether raters can tell items apart cannot be seen" if alike else ""


def differing_chances(question: Question) -> bool:
    """Whether raters of one item were asked with differing chances, as where an answer decides about the next."""
    asked = question.rows.select(["item", "chance"]).drop_null()
    if not asked.num_rows:
        return False
    by_item = asked.group_by("item").aggregate([("chance", "min"), ("chance", "max")])
    return bool(pc.any(pc.not_equal(by_item.column("chance_min"), by_item.column("chance_max"))).as_py())


def only_after_yes(question: Question, ratings: Coded) -> bool:
    """Whether the ratings look as if a no had ended them: each item with fewer than the most has at most one, and that
    would hardly come about by chance. The lowest place of a scale is a no."""
    if question.level not in ("nominal", "ordinal") or len(ratings.scale) < 2:
        return False
    if question.level == "nominal" and len(ratings.scale) > 2:
        return False
    no = ratings.code == 0
    sizes, noes = ratings.sizes, np.bincount(ratings.item, no, len(ratings.items))
    short = sizes < sizes.max()
    if not short.any() or (noes[short] != 1).any() or (noes[~short] > 1).any():
        return False
    share = float(no.mean())
    full = share > 0 and share < 1
    return full and bool(_luck(sizes, share, short) < np.log(_UNLIKELY))


def _luck(sizes: Ints, share: float, short: NDArray[np.bool_]) -> float:
    """How likely, as a logarithm, it is that short items have one no and the others one at most."""
    yes = (sizes - 1) * np.log(1 - share)
    return float(np.where(short, np.log(sizes * share), np.log(1 - share + sizes * share)).sum() + yes.sum())


def notes_of(question: Question, ratings: Coded) -> list[str]:
    """What one must know of figures that are given."""
    said = []
    if ratings.repeats:
        said.append(f"{ratings.repeats} ratings are a rater's second of an item: alpha counts them as ratings")
    if ratings.size and not ratings.raters:
        said.append(f"{UNNAMED}: nothing by rater, and no interval over raters")
    elif 1 < len(ratings.raters) < FEWEST:
        said.append(f"{len(ratings.raters)} raters are too few to say how others would differ: no interval over raters")
    clusters = int(ratings.cluster.max(initial=-1)) + 1
    if 0 < clusters < FEWEST:
        what = "clusters of items" if clusters < len(ratings.items) else "items"
        few = f"{clusters} {what} are" if clusters > 1 else f"one {what.split()[0].rstrip('s')} is"
        said.append(f"{few} too few to say how others would differ: no interval over items")
    if question.level == "spans":
        said.append("how long items are is not known: each is taken to end with the last mark in it")
    if pc.count_distinct(question.rows.column("chance"), mode="only_valid").as_py() > 1:
        said.append("items were chosen with unequal chances: agreement is of these items, not of all")
    return said

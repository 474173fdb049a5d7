"""Raters who look and raters who do not: the first are never accused, whatever they see."""

import csv
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support.attending import World, sees
from support.audited import audited, data, sample, tolerable
from support.opining import Row, opinion

from affectory.quality.audits._audited import Audited
from affectory.quality.audits._data import AuditData
from affectory.quality.audits.annotators import Annotators
from affectory.schemas.taxonomy import parse_taxonomy

DEFAULT = Annotators()
Shared = Callable[[str], Path]
Plant = Callable[[World], None]


def given(rows: Sequence[Row], seed: int | None = None, **columns: str) -> AuditData:
    samples = [sample(name, **columns) for name in sorted({row["sample_id"] for row in rows})]
    return data({"samples": samples, "opinions": rows}, seed=seed)


def crowd(draw: int, *plants: Plant, others: int = 5, whole: bool = False) -> World:
    """Raters who look at half of all samples or all, some sooner and some slower, and those who are planted."""
    world = World(draw)
    for rater in range(others):
        order = world.draws.permutation(120) if whole else None
        world.rates(f"good{rater}", sees(0.7 + 0.05 * (rater % 3)), seconds=5 + 2 * rater, order=order)
    for plant in plants:
        plant(world)
    return world


def found(world: World) -> Audited:
    return audited(DEFAULT, given(world.rows))


def copies(world: World, rater: str = "copy", of: str = "p_good1", often: float = 0.9) -> None:
    """Says what another one said."""
    theirs = [row for row in world.rows if row["rater"] == of]
    for position, row in enumerate(theirs[:120]):
        said = int(np.argmax(row["answer"]["weights"]))
        said = said if world.draws.random() < often else int(world.draws.integers(3))
        number = int(row["sample_id"][2:])
        world.add(rater, number, said, {"position": position}, spent_s=float(world.draws.lognormal(2, 0.4)))


def always(label: int) -> Callable[[int, np.random.Generator], int]:
    return lambda shown, draws: label


def lazily(world: World) -> None:
    """Looks at first, and says one thing from the sixtieth sample on."""
    for position, number in enumerate(world.draws.permutation(120)):
        said = int(world.shown[number]) if position < 60 else 0
        world.add("lazy", int(number), said, {"position": position}, spent_s=7.0)


PLANTED = {
    "one answer throughout": (lambda w: w.rates("bad", always(1), again=0), "runs of one answer", {"p_bad"}),
    "one answer from then on": (lazily, "runs of one answer", {"p_lazy"}),
    "in no time": (lambda w: w.rates("bad", sees(0.7), seconds=0.5), "too fast", {"p_bad"}),
    "any answer": (
        lambda w: w.rates("bad", sees(0), again=120, order=w.draws.permutation(120)),
        "said otherwise when asked again",
        {"p_bad"},
    ),
    "copied": (copies, "copying", {"p_copy", "p_good1"}),
}


@pytest.mark.parametrize(("plant", "kind", "raters"), PLANTED.values(), ids=PLANTED)
def test_who_does_not_look_is_found_and_nobody_else(plant: Plant, kind: str, raters: set[str]) -> None:
    result = found(crowd(1, plant, whole=True))
    assert set(result.rows) == raters
    assert {line["kind"] for line in result.table if line["accused"]} == {kind}
    assert result.verdict == "warns"


def twins(world: World, turned: int) -> None:
    for name in ("one", "two"):
        world.rates(f"{name}", sees(0.9, turned), order=world.draws.permutation(120)[:100])


ATTENTIVE = {
    "one who always sees it differently": (lambda w: w.rates("few", sees(0.9, turned=1)),),
    "two who see it differently in the same way": (partial(twins, turned=1),),
    "two experts": (partial(twins, turned=0),),
    "one who mostly sees one thing": (lambda w: w.rates("dark", lambda shown, r: 2 if r.random() < 0.6 else shown),),
    "one who is quick": (lambda w: w.rates("quick", sees(0.7), seconds=3.5),),
}


@pytest.mark.parametrize("plants", ATTENTIVE.values(), ids=ATTENTIVE)
def test_who_looks_is_not_accused_of_seeing_it_otherwise(plants: tuple[Plant, ...]) -> None:
    for draw in range(3):
        assert found(crowd(draw, *plants)).verdict == "clean"


def test_two_experts_among_people_who_see_little_are_not_accused_of_copying() -> None:
    for draw in range(3):
        world = World(draw)
        for rater in range(5):
            world.rates(f"poor{rater}", sees(0.35))
        twins(world, 0)
        assert found(world).verdict == "clean"


@pytest.mark.parametrize("draws", [25, pytest.param(200, marks=pytest.mark.drill)])
def test_raters_who_look_are_accused_no_more_often_than_is_said(draws: int) -> None:
    assert sum(found(crowd(draw)).verdict == "warns" for draw in range(draws)) <= tolerable(draws)


def test_long_texts_take_longer_to_read() -> None:
    """A word takes at least 60 ms: 200 words in three seconds were not read."""
    rows = [
        opinion(n * 10 + r, np.eye(3)[(n + r) % 3].tolist(), rater=f"p_{r}", sample_id=f"s_{n:02}", spent_s=3.0)
        for n in range(20) for r in range(2)
    ]  # fmt: skip
    assert set(audited(DEFAULT, given(rows, text="word " * 200)).rows) == {"p_0", "p_1"}
    assert audited(DEFAULT, given(rows, text="word " * 20)).verdict == "clean"


def test_order_and_parts_change_nothing() -> None:
    world = crowd(3, copies)
    assert audited(DEFAULT, given(world.rows)) == audited(DEFAULT, given(world.rows, seed=4))


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([opinion(1, [1, 0, 0], rater="m", rater_kind="model")], "no judgement is known to be one person's"),
        ([opinion(1, [1, 0, 0], rater="p_1")], "there is nothing to look at"),
    ],
)
def test_where_there_is_nothing_to_look_at_that_is_said(rows: list[Row], why: str) -> None:
    assert why in audited(DEFAULT, given(rows)).skipped


def test_three_real_raters_took_their_time(shared: Shared) -> None:
    """The export says when each judgement was made. Eight in a row are the second rater's most frequent answer, which
    stands in a quarter of theirs; five of the first one's were quicker than a fifth of what the others took."""
    names, levels = ("sad", "happy", "disgust", "fear", "surprise", "anger"), ("None", "A little", "Moderate")
    asked = parse_taxonomy({"name": "six", "entries": list(names)})
    with shared("earkick_labelstudio/assessment.csv").open(encoding="utf-8", newline="") as file:
        told = sorted(csv.DictReader(file), key=lambda row: row["created_at"])
    rows = [
        opinion(
            number, labels=names, of=asked, sample_id=row["id"], rater=f"p_{row['annotator']}", modalities=["audio"],
            spent_s=float(row["lead_time"]), shown={"position": number},
            answer={"intensities": [float(levels.index(row[x])) if row[x] in levels else 3.0 for x in names]},
        )
        for number, row in enumerate(told)
    ]  # fmt: skip
    samples = [sample(name) for name in sorted({row["sample_id"] for row in rows})]
    result = audited(DEFAULT, data({"samples": samples, "opinions": rows}, taxonomy=asked))
    assert (result.verdict, result.rows) == ("clean", ())
    quick = {line["rater"]: round(line["share"] * line["of"]) for line in result.table if line["kind"] == "too fast"}
    assert quick == {"p_1": 5, "p_2": 1, "p_3": 0}
    assert {line["of"] for line in result.table} == {348}

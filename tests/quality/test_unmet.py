"""What a recipe names and no sample has is told, and nothing that some sample has."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.opining import opinion

from affectory.quality.unmet import Expected, unmet
from affectory.schemas.derived import TABLES


def sample(name: str, source: str = "s", **columns: Any) -> dict[str, Any]:
    return {"sample_id": name, "kind": "audio", "anchor": {"record": name}, "source": source, "uri": "u", **columns}


SAMPLES = [sample("a", speaker="p"), sample("b", extra=[("age", "3")]), sample("c", source="other")]
NOTES = [{"sample_id": "a", "name": "eda_mean", "number": 1.0, "stage": "signal_stats"}]
OPINIONS = [opinion(1, [1, 0, 0])]
LABELS = [
    {"sample_id": "a", "rule": rule, "taxonomy": taxonomy, "perspective": "perceived", "pool": "human",
     "whose": "", "modalities": "", "space": "simplex", "values": [], "count": 1}
    for rule, taxonomy in (("vote_share", "ekman-7"), ("emo_bank", "vad"))
]  # fmt: skip
AUDIO = frozenset({"audio"})


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, list[Path]]:
    paths = {}
    for name, rows in (("samples", SAMPLES), ("notes", NOTES), ("opinions", OPINIONS), ("labels", LABELS)):
        paths[name] = [tmp_path / f"{name}-{i}.parquet" for i in range(len(rows))]
        for path, row in zip(paths[name], rows, strict=True):
            pq.write_table(TABLES[name].from_rows([row]), path)
    return paths


@pytest.mark.parametrize(
    ("expected", "told", "count"),
    [
        (Expected(roles={"s": ["speaker"], "gone": ["speaker"]}), None, 0),
        (Expected(roles={"s": ["session"]}), "no sample of the source s has the `session`", 2),
        (Expected(roles={"other": ["speaker"]}), "no sample of the source other has the `speaker`", 1),
        (Expected(notes={"signal_stats": (AUDIO, frozenset({"eda_mean", "eda_sd"}))}), None, 0),
        (Expected(notes={"signal_stats": (frozenset({"video"}), frozenset({"gsr_mean"}))}), None, 0),
        (Expected(notes={"signal_stats": (AUDIO, frozenset({"gsr_mean"}))}), "signal_stats noted nothing", 3),
        (Expected(groups={"tertiles": "extra.age", "more": "note.eda_mean", "who": "speaker", "k": "kind"}), None, 0),
        (Expected(groups={"tertiles": "extra.nope"}), "tertiles groups by `extra.nope`, which no sample has", 3),
        (Expected(groups={"tertiles": "note.nope"}), "tertiles groups by `note.nope`", 3),
        (Expected(groups={"tertiles": "dialogue"}), "tertiles groups by `dialogue`", 3),
        (Expected(rules=[("vote_share", "ekman-7"), ("emo_bank", "ekman-7")]), None, 0),
        (Expected(rules=[("vote_share", "ekman-7"), ("trace", "ekman-7")]), "trace in ekman-7 made no label", 1),
        (
            Expected(rules=[("vote_share", "ekman-7"), ("vote_share", "sentiment")]),
            "vote_share in sentiment made no",
            1,
        ),
    ],
)
def test_only_what_nobody_has_is_told(
    tables: dict[str, list[Path]], expected: Expected, told: str | None, count: int
) -> None:
    found = unmet(tables, expected)
    assert [(told is not None and told in f.rule, f.count, f.severity) for f in found] == (
        [(True, count, "warns")] if told else []
    )


def test_nothing_is_told_of_nothing() -> None:
    expected = Expected(
        {"s": ["speaker"]}, {"step": (AUDIO, frozenset({"n"}))}, {"tertiles": "extra.x"}, [("trace", "x")]
    )
    assert unmet({}, expected) == []

"""Rules in builds: several at once, with parameters and other taxonomies, and those that fit the whole dataset."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from support.project import MOODS, TEXTS, Project, line, project, texts, write_csv, write_lines

from affectory.pipelines.history import last_build, parts
from affectory.pipelines.retry import sweep
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import RuleFailed
from affectory.schemas.parquet import read_all
from affectory.schemas.recipe.problems import RecipeProblems
from affectory.transforms.views.dawid_skene import DawidSkene

PUBLISH = {"configs": ["default", "opinions", "labels"]}


def ruled(folder: Path, label: dict[str, Any], numbers: list[int], raters: int = 4, **more: Any) -> Project:
    """Lines that several people rated, one of whom is often of another mind."""
    recipe = {**TEXTS, "assist": [], "label": label, "publish": PUBLISH, **more}
    made = project(folder, recipe)
    write(made, numbers, raters)
    return made


def write(made: Project, numbers: list[int], raters: int = 4) -> None:
    write_lines(made.folder / "lines.jsonl", [line(n) for n in numbers])
    said = [[f"l{n}", f"rater{r}", MOODS[(n + (r == 0) * (n % 2)) % 4]] for n in numbers for r in range(raters)]
    write_csv(made.folder / "ratings.csv", ["id", "rater", "emotion"], said)


def labels(made: Project) -> pa.Table:
    workspace = Workspace(made.workspace)
    record = last_build(workspace)
    assert record is not None
    return pa.concat_tables(read_all(parts(workspace, record.finished, "labels")))


def fits(made: Project) -> list[Path]:
    return sorted((made.workspace / "fits" / "rules").rglob("*.parquet"))


def test_several_rules_label_the_same_opinions(tmp_path: Path) -> None:
    also = [{"n_best": {"n": 1}}, {"vote_share": {"taxonomy": "sentiment"}}]
    made = ruled(tmp_path, {"rule": "plurality", "also": also}, list(range(6)))
    summary = made.build()
    found = labels(made)
    kinds = set(zip(*(found.column(name).to_pylist() for name in ("rule", "taxonomy")), strict=True))
    assert kinds == {("plurality", "ekman-7"), ('n_best{"n": 1}', "ekman-7"), ("vote_share", "sentiment")}
    rows = made.rows(summary.version).to_pylist()
    assert len(made.rows(summary.version, "labels")) == found.num_rows == 18
    assert all(row["label_chosen"] and row["label_space"] == "simplex" for row in rows)


def test_what_further_rules_come_to_is_published_and_a_rule_that_comes_to_nothing_is_told(tmp_path: Path) -> None:
    also = ["majority", "trace"]
    made = ruled(tmp_path, {"rule": "plurality", "also": also}, list(range(6)), publish={"splits": {"train": 1.0}})
    summary = made.build()
    assert set(made.rows(summary.version, "labels").column("rule").to_pylist()) == {"plurality", "majority"}
    assert [w for w in summary.warnings if "made no label" in w and "trace in ekman-7" in w] == list(summary.warnings)


def test_what_differs_is_counted_together_where_the_recipe_says_so(tmp_path: Path) -> None:
    other = {**TEXTS["ratings"][0], "name": "seen", "path": "seen.csv", "modalities": ["video"]}
    ratings = [TEXTS["ratings"][0], other]
    made = ruled(tmp_path, {"rule": "vote_share"}, [0, 1], ratings=ratings)
    write_csv(tmp_path / "seen.csv", ["id", "rater", "emotion"], [["l0", "else", "fear"]])
    made.build(publish=False)
    assert sorted(labels(made).column("modalities").to_pylist()) == ["", "", "video"]
    made.build("label.across=[modalities]", publish=False)
    rows = labels(made).to_pylist()
    assert sorted((row["modalities"], row["count"]) for row in rows) == [("any", 4), ("any", 5)]


def test_a_rule_that_fits_is_fitted_once_and_places_what_is_new(tmp_path: Path) -> None:
    made = ruled(tmp_path, {"rule": "dawid_skene"}, list(range(8)))
    assert made.build().partitions_run
    [fit] = fits(made)
    before = fit.read_bytes()
    assert not made.build().partitions_run
    write(made, list(range(12)), raters=5)
    assert made.build().kept == 12
    assert (fits(made), fit.read_bytes()) == ([fit], before)
    made.build(refit=True)
    assert len(fits(made)) == 2
    assert not made.build().partitions_run


def test_where_opinions_outgrew_a_fit_the_build_says_so(tmp_path: Path) -> None:
    made, events = ruled(tmp_path, {"rule": "dawid_skene"}, [0, 1]), list[dict[str, Any]]()

    def outgrown(**how: Any) -> list[str]:
        events.clear()
        made.build(publish=False, listeners=(events.append,), **how)
        return [event["text"] for event in events if "fitted to" in event.get("text", "")]

    assert outgrown() == []
    write(made, [0, 1, 2])
    assert outgrown() == [], "half as many again are no other dataset"
    write(made, [0, 1, 2, 3])
    assert outgrown() == ["rule dawid_skene was fitted to 8 opinions and there are 16: `affectory build --refit`"]
    assert outgrown(refit=True) == outgrown() == []


def test_a_rule_that_breaks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ruled(tmp_path, {"rule": "dawid_skene"}, [0, 1])
    monkeypatch.setattr(DawidSkene, "fit", lambda *_: {}["odd"])
    with pytest.raises(RuleFailed, match="rule dawid_skene failed at its fit: KeyError: 'odd'"):
        made.build(publish=False)
    monkeypatch.undo()
    assert made.build(publish=False).partitions_run == 1


def test_the_plan_says_that_labels_wait_for_their_fit(tmp_path: Path) -> None:
    made = ruled(tmp_path, {"rule": "dawid_skene"}, list(range(4)))
    stages = {s.name: (s.partitions, s.cached) for s in made.plan().stages}
    assert stages["rule"] == (1, 0)
    made.build(publish=False)
    assert set(made.to_run().values()) == {0}


@pytest.mark.parametrize("rule", ["dawid_skene", "cooccurrence"])
def test_neither_order_nor_partitions_show_in_what_was_fitted(tmp_path: Path, rule: str) -> None:
    hashes = set()
    for name, numbers, rows in (("a", range(10), None), ("b", range(9, -1, -1), 3), ("c", range(10), 4)):
        made = ruled(tmp_path / name, {"rule": rule}, list(numbers))
        hashes.add(made.build(partition_rows=rows).release_hash)
    assert len(hashes) == 1


def test_another_rule_attaches_nothing_anew(tmp_path: Path) -> None:
    made = ruled(tmp_path, {"rule": "dawid_skene"}, list(range(6)))
    made.build(publish=False)
    waiting = made.to_run('label.rule={"one_coin": {}}')
    assert {name: n for name, n in waiting.items() if n} == {"rule": 1}
    made.build('label.rule={"one_coin": {}}', publish=False)
    assert set(pc.unique(labels(made).column("rule")).to_pylist()) == {"one_coin"}


@pytest.mark.parametrize("across", [[], ["modalities"], ["perspective", "whose"]])
def test_a_dataset_without_opinions_has_no_labels_and_no_trouble(tmp_path: Path, across: list[str]) -> None:
    made = texts(tmp_path, 3)
    label = ("label.rule=dawid_skene", f"label.across=[{','.join(across)}]")
    summary = made.build("ratings=[]", "assist=[]", *label, publish=False)
    assert (summary.records, labels_or_none(made)) == (3, 0)


def labels_or_none(made: Project) -> int:
    workspace = Workspace(made.workspace)
    record = last_build(workspace)
    return len(parts(workspace, record.finished, "labels")) if record else -1


@pytest.mark.parametrize(
    ("label", "key", "said"),
    [
        ({"rule": {"n_best": {"m": 2}}}, "label.rule.n_best.m", "allowed: n"),
        ({"rule": "vote_share", "also": ["pluralty"]}, "label.also[0]", "did you mean: plurality?"),
        ({"rule": {"vote_share": {"taxonomy": "sentiment"}}}, "label.rule.vote_share.taxonomy", "label.also"),
        ({"also": [{"vote_share": {"taxonomy": "sentimnt"}}]}, "label.also[0].vote_share.taxonomy", "sentiment"),
        ({"across": ["rater"]}, "label.across[0]", "modalities"),
        ({"rule": {"fer_plus": {"not_a_label": ["odd"]}}}, "label.rule.fer_plus", "has no label 'odd'"),
        ({"rule": {"vad_mixture": {"widths": {"odd": 1.0}}}}, "label.rule.vad_mixture", "has no label 'odd'"),
        ({"rule": {"n_best": {}, "plurality": {}}}, "label.rule", "a rule's name"),
    ],
)
def test_mistakes_in_rules_teach(tmp_path: Path, label: dict[str, Any], key: str, said: str) -> None:
    made = ruled(tmp_path, label, [0, 1])
    with pytest.raises(RecipeProblems) as caught:
        made.bound()
    [problem] = caught.value.problems
    assert (problem.key, said in str(problem)) == (key, True), str(problem)


def test_fits_are_out_of_reach_of_clean_and_gc(tmp_path: Path) -> None:
    made = ruled(tmp_path, {"rule": "dawid_skene"}, list(range(8)))
    first = made.build()
    write(made, list(range(12)), raters=5)
    grown = made.build()
    Workspace(made.workspace).clean()
    again = made.build()
    assert again.unchanged and again.release_hash in ("", grown.release_hash) and again.kept == grown.kept == 12
    sweep(Workspace(made.workspace))
    assert not made.build().partitions_run
    assert first.kept == 8 and len(fits(made)) == 1


def two_sets(folder: Path) -> Project:
    """Lines that the same people judged in two sets of labels."""
    fine = {**TEXTS["ratings"][0], "name": "fine", "path": "fine.csv", "taxonomy": "goemotions-28"}
    label = {"rule": "vote_share", "also": [{"vote_share": {"taxonomy": "goemotions-28"}}]}
    made = ruled(folder, label, [0, 1], raters=2, ratings=[TEXTS["ratings"][0], fine])
    said = [["l0", "rater0", "gratitude"], ["l0", "rater1", "joy"], ["l1", "rater1", "remorse"]]
    write_csv(folder / "fine.csv", ["id", "rater", "emotion"], said)
    return made


def test_ratings_may_be_in_another_taxonomy_and_each_has_labels_in_its_own(tmp_path: Path) -> None:
    made = two_sets(tmp_path)
    made.build(publish=False)
    found = {(row["taxonomy"], row["count"]) for row in labels(made).to_pylist()}
    assert found == {("ekman-7", 2), ("goemotions-28", 2), ("goemotions-28", 1)}


def test_a_taxonomy_of_ratings_that_does_not_know_their_words_is_told(tmp_path: Path) -> None:
    made = two_sets(tmp_path)
    with pytest.raises(RecipeProblems, match="unknown taxonomy"):
        made.bound("ratings[1].taxonomy=goemotions-29")
    write_csv(tmp_path / "fine.csv", ["id", "rater", "emotion"], [["l0", "r", "gratitude"], ["l1", "r", "scorn"]])
    made.build(publish=False)
    details = [r["detail"] for r in made.rejects() if r["reason"] == "unknown_label"]
    assert details and details[0].startswith("'scorn' is not in go")


def test_the_gate_warns_where_two_sets_of_labels_contradict_each_other(tmp_path: Path) -> None:
    warned = [text for text in two_sets(tmp_path).build().warnings if text.startswith("labels")]
    assert len(warned) == 1 and "goemotions-28" in warned[0], warned

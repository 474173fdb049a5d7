"""One run tells every mistake of a recipe, whichever layer finds it, once and in the order of their places."""

import textwrap
from pathlib import Path
from typing import get_args

import pytest
from support.project import texts

from affectory.pipelines.bind import Bound, bind, read_and_bind
from affectory.pipelines.release.model import CONFIGS
from affectory.schemas.recipe import Problem, RecipeProblems, load_recipe, publishing
from affectory.schemas.taxonomy import load_taxonomy

EVERYWHERE = """\
dataset: Hello World
titel: x
taxonomy: {name: mood, lables: [calm], labels: [calm, tense]}
sources:
  - {kind: jsonl, name: lines, path: none.jsonl, text: body}
  - {kind: jsonn, name: other, path: lines.jsonl}
  - {name: third}
ratings:
  - {kind: csv, path: ratings.csv, of: linse, target: id, rater: rater, label: emotion}
  - {kind: csv, name: Bad Name, path: ratings.csv, of: third, target: id, rater: rater, label: emotion}
ingest:
  - clean_text: {min_char: 3}
  - {a: 1, b: 2}
assist: [lexikon]
label: {rule: vote_shares, min_overlap: 2}
validate: {min_rows: many}
publish:
  configs: [default, lables]
  splits: {by: [person], train: 0.7}
  to: ../../x
"""
WRONG = [
    (1, "dataset"), (2, "titel"), (3, "taxonomy.lables"), (5, "sources[0].path"), (6, "sources[1].kind"),
    (7, "sources[2].kind"), (9, "ratings[0].of"), (10, "ratings[1].name"), (12, "ingest[0].clean_text.min_char"),
    (13, "ingest[1]"), (14, "assist[0]"), (15, "label.rule"), (15, "label.min_overlap"), (16, "validate.min_rows"),
    (18, "publish.configs[1]"), (19, "publish.splits"), (19, "publish.splits.by[0]"), (20, "publish.to"),
]  # fmt: skip
START = "dataset: texts\ntaxonomy: ekman-7\n"
SOURCE = "{kind: jsonl, name: lines, path: lines.jsonl, text: body}"
SOURCES = f"sources: [{SOURCE}]\n"
RATINGS = "ratings: [{kind: csv, path: ratings.csv, of: lines, target: id, rater: rater, label: emotion}]\n"
BLIND = "assist: [crops]\n"


def bound(folder: Path, recipe: str, *overrides: str) -> Bound:
    made = texts(folder, 2)
    made.recipe.write_text(recipe)
    return read_and_bind(made.recipe, overrides)


def wrong(folder: Path, recipe: str, *overrides: str) -> tuple[Problem, ...]:
    with pytest.raises(RecipeProblems) as caught:
        bound(folder, recipe, *overrides)
    return caught.value.problems


def test_every_layer_tells_its_mistakes_in_one_run(tmp_path: Path) -> None:
    assert [(p.line, p.key) for p in wrong(tmp_path, EVERYWHERE)] == WRONG


@pytest.mark.parametrize(
    ("recipe", "keys"),
    [
        (START + SOURCES + RATINGS.replace("of: lines", "of: linse"), ["ratings[0].of"]),
        (START + SOURCES.replace("lines.jsonl", "none") + RATINGS, ["sources[0].path"]),
        (START + "sources: [{name: lines}]\n" + RATINGS, ["sources[0].kind"]),
        (START + f"sources: [{SOURCE.replace('name: lines', 'name: Lines')}]\n" + RATINGS, ["sources[0].name"]),
        (START + "sources: lines.jsonl\n" + RATINGS, ["sources"]),
        (START + "source: []\n" + RATINGS, ["sources", "source"]),
        (START + SOURCES + BLIND, ["assist[0]"]),
        (START + SOURCES + "label: {rule: no}\n" + BLIND, ["label.rule", "assist[0]"]),
        (START + SOURCES + "titel: x\n" + BLIND, ["titel", "assist[0]"]),
        (START + SOURCES + "ingets: [frames]\n" + BLIND, ["ingets"]),
        (START + SOURCES + "ingest: [framse]\n" + BLIND, ["ingest[0]"]),
        (START + SOURCES + "ingest: [{frames: 3}]\n" + BLIND, ["ingest[0].frames"]),
        (START + SOURCES + "include: [none.yaml]\n" + BLIND, ["include[0]"]),
        (START + SOURCES + "publish: {splits: {train: 7, test: 0.5}}\n", ["publish.splits.train"]),
        (START + SOURCES + "publish: {splits: {Train: 0.7, test: 0.3}}\n", ["publish.splits.Train"]),
        (START.replace("ekman-7", "[]") + SOURCES + "assist: [text_emotion]\n", ["taxonomy"]),
        (START.replace("ekman-7", "ekman-9") + SOURCES + "assist: [lexicon]\n", ["taxonomy"]),
        (START.replace("ekman-7", "plutchik-8") + SOURCES + "assist: [text_emotion]\n", ["assist[0]"]),
        ("", [""]),
    ],
)
def test_what_follows_from_a_mistake_is_not_told(tmp_path: Path, recipe: str, keys: list[str]) -> None:
    assert [p.key for p in wrong(tmp_path, recipe)] == keys


def test_a_recipe_without_mistakes_is_the_one_that_is_read_strictly(tmp_path: Path) -> None:
    found = bound(tmp_path, START + SOURCES + RATINGS, "publish.configs=[default, notes]")
    assert found.identity == bind(load_recipe(tmp_path / "recipe.yaml")).identity
    assert (found.recipe.gaps, found.recipe.spec.publish.configs) == (frozenset(), ("default", "notes"))


def test_configs_are_those_of_a_release() -> None:
    assert get_args(publishing.Config) == CONFIGS


def test_labels_is_another_name_of_entries(tmp_path: Path) -> None:
    own = "{name: mood, labels: [calm, {name: tense, synonyms: [stressed]}, elated]}"
    taxonomy = bound(tmp_path, START.replace("ekman-7", own) + SOURCES).taxonomy
    assert (taxonomy.labels, taxonomy.resolve("stressed")) == (("calm", "tense", "elated"), "tense")


def test_labels_extend_a_built_in_one(tmp_path: Path) -> None:
    taxonomy = bound(tmp_path, START.replace("ekman-7", "{name: m, extends: ekman-7, labels: [pride]}") + SOURCES)
    assert taxonomy.taxonomy.labels == (*load_taxonomy("ekman-7").labels, "pride")


TAXONOMIES = [
    ("labels: [a]\nlables: [b]", 2, "lables", "unknown key", "did you mean: labels?"),
    ("labels: [a]\nentries: [b]", 1, "labels", "given beside entries", "keep one of them: both say the same"),
    ("title: x", 0, "entries", "missing", "Its labels: names, or mappings that say more."),
    ("labels: []", 1, "labels", "there are none", ""),
    ("labels: calm", 1, "labels", "wrong type", "write a list: [calm]"),
    ("labels:\n  - a\n  - yes", 3, "labels[1]", "wrong type", 'quote it: "yes"'),
    ("labels:\n  - a\n  - {nam: b}", 3, "labels[1].name", "missing", ""),
    ("labels:\n  - name: a\n    vad: {valence: 2, arousal: 0, dominance: 0}", 3, "labels[0].vad.valence",
     "out of range", ""),
    ("labels:\n  - a\n  - name: b\n    children:\n      - {name: c, intensity: wild}", 5,
     "labels[1].children[0].intensity", "unknown value", "did you mean: mild?"),
    ("extends: ekman-7\nlabels:\n  - pride\n  - {name: a, colour: red}", 4, "labels[1].colour", "unknown key", ""),
    ("extends: ekman-8\nlabels: [a]", 1, "extends", "unknown taxonomy", "did you mean: ekman-7?"),
    ("labels:\n  - joy\n  - b\n  - Joy", 4, "labels[2]", "entry 'joy': named 2 times on tier 1", ""),
    ("labels:\n  - anger\n  - {name: rage, parent: angr}", 3, "labels[1]", "entry 'rage': unknown parent 'angr'",
     "did you mean: anger?"),
    ("labels: [a]\ntier: 2", 2, "tier", "tier 2 is asked, but the tree has 1", ""),
    ("labels: [a, b]\nlinks:\n  - {kind: k, components: [a, c]}", 3, "links[0]", "link 'k': no entry 'c'", ""),
    ("labels: [a]\nspace: simplx", 2, "space", "unknown value", "did you mean: simplex?"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "key", "message", "hint"), TAXONOMIES)
@pytest.mark.parametrize("inline", [True, False], ids=["inline", "file"])
def test_a_wrong_taxonomy_is_told_where_it_is_written(
    tmp_path: Path, text: str, line: int, key: str, message: str, hint: str, inline: bool
) -> None:
    own = f"name: mood\n{text}\n"
    (tmp_path / "mood.yaml").write_text(own)
    written = f"\n{textwrap.indent(own, '  ')}" if inline else " {file: mood.yaml}\n"
    problems = wrong(tmp_path, f"dataset: x\n{SOURCES}taxonomy:{written}")
    told = [p for p in problems if p.message.startswith(message)]
    where = ("recipe.yaml", f"taxonomy.{key}") if inline else ("mood.yaml", key)
    assert [(Path(p.file).name, p.key, p.hint) for p in told] == [(*where, hint)]
    assert not line or told[0].line == line + (4 if inline else 1)
    assert not any(word in str(p) for p in problems for word in ("Extra inputs", "Input should", "Field required"))


def test_the_name_of_a_built_in_taxonomy_is_taken(tmp_path: Path) -> None:
    (problem,) = wrong(tmp_path, START.replace("ekman-7", "{name: ekman-7, labels: [calm]}") + SOURCES)
    assert (problem.key, problem.given) == ("taxonomy.name", '"ekman-7"')


@pytest.mark.parametrize("content", [b"- a\n", b"", b"name: [\n", b"name: m\xfc", None])
def test_a_file_that_is_no_taxonomy(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "mood.yaml").write_bytes(content)
    (problem,) = wrong(tmp_path, START.replace("ekman-7", "{file: mood.yaml}") + SOURCES)
    assert "mood.yaml" in str(problem)

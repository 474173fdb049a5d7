"""Every kind of broken recipe tells the file, the line, the key and what is allowed, and never more than one error."""

import json
import pickle
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.recipes import GOOD, problems_of

from affectory.schemas.errors import AffectoryError, Exit
from affectory.schemas.recipe import Problem, RecipeProblems, load_recipe


@dataclass(frozen=True)
class Broken:
    """Files (recipe.yaml, after GOOD where it begins with +), and the (file:line, key, message, allowed) expected."""

    name: str
    recipe: str | bytes
    expected: list[tuple[str, str, str, str]]
    files: dict[str, str] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()


SPLITS = "+publish:\n  splits: "
CASES = [
    Broken(
        "unknown key",
        "+publich: {to: x}\n",
        [("recipe.yaml:5", "publich", "unknown key", "publish, limits")],
    ),
    Broken(
        "unknown key below",
        "+publish:\n  shard_gb: 1\n",
        [("recipe.yaml:6", "publish.shard_gb", "unknown key", "splits, shard_mb")],
    ),
    Broken(
        "wrong type",
        "+validate:\n  min_rows: many\n",
        [("recipe.yaml:6", "validate.min_rows", "wrong type", "a whole number at least 0")],
    ),
    Broken(
        "truth value for a number",
        "+validate:\n  max_rejected: on\n",
        [("recipe.yaml:6", "validate.max_rejected", "wrong type", "a number from 0 to 1")],
    ),
    Broken(
        "out of range",
        "+limits:\n  max_failed: 1.5\n",
        [("recipe.yaml:6", "limits.max_failed", "out of range", "a number from 0 to 1")],
    ),
    Broken(
        "unknown value",
        "+label:\n  pools:\n    - human\n    - modle\n",
        [("recipe.yaml:8", "label.pools[1]", "unknown value", "human, group, model")],
    ),
    Broken(
        "unknown configuration",
        "+publish:\n  configs: [default, lables]\n",
        [("recipe.yaml:6", "publish.configs[1]", "unknown value", "default, opinions, labels, notes, samples")],
    ),
    Broken(
        "no default configuration",
        "+publish:\n  configs: [samples]\n",
        [("recipe.yaml:6", "publish.configs", "a release without default cannot be loaded", "default")],
    ),
    Broken(
        "bad name",
        "dataset: Hello World\ntaxonomy: x\nsources: [{kind: folder}]\n",
        [("recipe.yaml:1", "dataset", "not of the allowed form", "^[a-z0-9]")],
    ),
    Broken(
        "missing keys",
        "dataset: hello\nsources: []\n",
        [
            ("recipe.yaml:1", "taxonomy", "missing", "text, or a mapping"),
            ("recipe.yaml:2", "sources", "too short", "a list of at least one"),
        ],
    ),
    Broken(
        "missing include",
        "+include:\n  - base.yaml\n",
        [("recipe.yaml:6", "include[0]", "no such file", "an existing path below")],
    ),
    Broken(
        "include cycle",
        "+include: [a.yaml]\n",
        [("b.yaml:2", "include[0]", "include cycle", "files that do not include each other")],
        {"a.yaml": "include: [b.yaml]\n", "b.yaml": "title: x\ninclude: [a.yaml]\n"},
    ),
    Broken(
        "include of itself",
        "+include: [recipe.yaml]\n",
        [("recipe.yaml:5", "include[0]", "include cycle", "files that do not include each other")],
    ),
    Broken(
        "include that is no list",
        "+include: base.yaml\n",
        [("recipe.yaml:5", "include", "wrong type", "a list of files")],
    ),
    Broken(
        "include that is no path",
        "+include: [{file: base.yaml}]\n",
        [("recipe.yaml:5", "include[0]", "wrong type", "the path of a file")],
    ),
    Broken(
        "mistake in an included file",
        "include: [base.yaml]\ndataset: hello\ntaxonomy: x\n",
        [("base.yaml:3", "limits.row_bytes", "out of range", "at least 1")],
        {"base.yaml": "sources: [{kind: folder}]\nlimits:\n  row_bytes: 0\n"},
    ),
    Broken(
        "unreadable include",
        "include: [base.yaml]\ndataset: hello\nlimit: 3\n",
        [
            ("base.yaml:1", "", "unreadable YAML", ""),
            ("recipe.yaml:3", "limit", "unknown key", "limits"),
        ],
        {"base.yaml": "taxonomy: [x\n"},
    ),
    Broken(
        "tab",
        "+label:\n\trule: x\n",
        [("recipe.yaml:6", "", "unreadable YAML", "")],
    ),
    Broken(
        "bad indent",
        "+label:\n  rule: x\n pools: [human]\n",
        [("recipe.yaml:7", "", "unreadable YAML", "")],
    ),
    Broken(
        "unclosed quote",
        '+title: "Hello\ncitation: x\n',
        [("recipe.yaml:5", "", "unreadable YAML", "")],
    ),
    Broken(
        "unclosed bracket",
        "+authors: [A, B\ntitle: x\n",
        [("recipe.yaml:5", "", "unreadable YAML", "")],
    ),
    Broken(
        "not UTF-8",
        GOOD.encode() + "title: h\u00e9llo\n".encode("latin-1"),
        [("recipe.yaml:5", "", "not UTF-8", "UTF-8")],
    ),
    Broken(
        "control character",
        "+title: a\x07b\n",
        [("recipe.yaml:5", "", "a control character", "")],
    ),
    Broken(
        "two documents",
        "+---\ntitle: x\n",
        [("recipe.yaml:5", "", "unreadable YAML", "")],
    ),
    Broken(
        "duplicate key",
        "+title: a\ntitle: b\n",
        [("recipe.yaml:6", "title", "duplicate key", "each key once")],
    ),
    Broken(
        "a tag",
        "+title: !!python/object/apply:os.system [id]\n",
        [("recipe.yaml:5", "title", "a YAML tag that is not allowed", "plain YAML")],
    ),
    Broken(
        "infinity",
        "+limits: {max_failed: .inf}\n",
        [("recipe.yaml:5", "limits.max_failed", "not a number that can be kept", "a finite number")],
    ),
    Broken(
        "splits that do not add up",
        SPLITS + "{train: 0.8, test: 0.1}\n",
        [("recipe.yaml:6", "publish.splits", "do not add up to 1", "shares that add up to 1")],
    ),
    Broken(
        "name of a split",
        SPLITS + "{Train: 1}\n",
        [("recipe.yaml:6", "publish.splits.Train", "unknown key", "names matching ^[a-z_]+$")],
    ),
    Broken(
        "splits by the unknown",
        SPLITS + "{by: [author]}\n",
        [("recipe.yaml:6", "publish.splits.by[0]", "unknown value", "record, speaker, dialogue, session, source, dup")],
    ),
    Broken(
        "secret in clear",
        "+people:\n  pseudonym_key: hunter2\n",
        [("recipe.yaml:6", "people.pseudonym_key", "secrets are never written in a recipe", "${env:NAME}")],
    ),
    Broken(
        "secret in part a reference",
        "+people:\n  pseudonym_key: hunter2${env:KEY}\n",
        [("recipe.yaml:6", "people.pseudonym_key", "secrets are never written in a recipe", "${env:NAME}")],
    ),
    Broken(
        "a model's secret in clear",
        "+models:\n  writer: {backend: openai, key: hunter2}\n",
        [("recipe.yaml:6", "models.writer.key", "secrets are never written in a recipe", "${env:NAME}")],
    ),
    Broken(
        "a model's number",
        "+models:\n  writer: {backend: openai, temperature: 9, tries: many}\n",
        [
            ("recipe.yaml:6", "models.writer.temperature", "out of range", "from 0 to 5"),
            ("recipe.yaml:6", "models.writer.tries", "wrong type", "a whole number from 1 to 10"),
        ],
    ),
    Broken(
        "unknown key of a model",
        "+models:\n  writer: {backend: openai, keys: hunter2}\n",
        [("recipe.yaml:6", "models.writer.keys", "unknown key", "backend, model, path")],
    ),
    Broken(
        "reference in a wrong place",
        "+title: ${env:USER}\nassist:\n  - opine: {prompt: 'as ${env:USER}'}\n",
        [
            ("recipe.yaml:5", "title", "where no secret is wanted", "${env:NAME} in secrets only"),
            ("recipe.yaml:7", "assist[0].opine.prompt", "where no secret is wanted", "${env:NAME} in secrets only"),
        ],
    ),
    Broken(
        "path that leaves the folder",
        "+workspace: ../elsewhere\npublish:\n  to: /srv/releases\n",
        [
            ("recipe.yaml:5", "workspace", "leaves the recipe's folder", "a path below"),
            ("recipe.yaml:7", "publish.to", "leaves the recipe's folder", "a path below"),
        ],
    ),
    Broken(
        "include that leaves the folder",
        "+include: [/etc/passwd]\n",
        [("recipe.yaml:5", "include[0]", "leaves the recipe's folder", "a path below")],
    ),
    Broken(
        "bad --set",
        GOOD,
        [
            ("--set", "", "not an override", "key.path=value"),
            ("--set", "", "not an override", "key.path=value"),
            ("--set", "dataset.x", "dataset has no keys", "a mapping or list"),
            ("--set", "include", "cannot be overridden", "includes in the file"),
            ("--set", "publish.splitz", "unknown key", "splits"),
            ("--set", "sources", "no entry 3", "0 to 0"),
            ("--set", "title", "unreadable YAML", ""),
            ("--set", "validate.min_rows", "wrong type", "a whole number"),
        ],
        overrides=(
            "publish.splitz.train=1",
            "nonsense",
            "=1",
            "sources[3].path=x",
            "dataset.x=1",
            "title=[",
            "validate.min_rows=few",
            "include=[x]",
        ),
    ),
    Broken("empty file", "", [("recipe.yaml:1", "", "the recipe is empty", "a mapping with dataset")]),
    Broken("only a comment", "# later\n", [("recipe.yaml:1", "", "the recipe is empty", "a mapping with dataset")]),
    Broken("list", "- a\n- b\n", [("recipe.yaml:1", "", "the recipe is not a mapping", "a mapping with dataset")]),
    Broken("scalar", "\nhello\n", [("recipe.yaml:2", "", "the recipe is not a mapping", "a mapping with dataset")]),
    Broken(
        "steps",
        "+ingest:\n  - scenes:\n    threshold: 27\n  - clips: 5\n  - {a: {}, b: {}}\n  - 7\nassist: lexicon\n",
        [
            ("recipe.yaml:6", "ingest[0]", "not a step", "one name with its parameters below it"),
            ("recipe.yaml:8", "ingest[1].clips", "wrong type", "a mapping of parameters, or nothing"),
            ("recipe.yaml:9", "ingest[2]", "not a step", "one name with its parameters below it"),
            ("recipe.yaml:10", "ingest[3]", "not a step", "one name with its parameters below it"),
            ("recipe.yaml:11", "assist", "wrong type", "a list: text, or a mapping"),
        ],
    ),
    Broken(
        "sources",
        "dataset: d\ntaxonomy: t\nsources:\n"
        "- kind: folder\n- path: x\n- kind: folder\n- {kind: a, name: folder}\n- x\n",
        [
            ("recipe.yaml:5", "sources[1].kind", "missing", "text"),
            ("recipe.yaml:6", "sources[2]", "the same name as sources[0]", "a name of its own"),
            ("recipe.yaml:7", "sources[3].name", "the same name as sources[0]", "a name of its own"),
            ("recipe.yaml:8", "sources[4]", "wrong type", "a mapping with kind, name"),
        ],
    ),
    Broken(
        "several at once, in order of their places",
        "include: [base.yaml]\ndataset: Hello\ntaxonomy: 7\nlabel: {min_overlap: 2}\ntitle: a\ntitle: b\n",
        [
            ("base.yaml:2", "limits.max_fail", "unknown key", "max_failed"),
            ("base.yaml:3", "sources[0].kind", "wrong type", "text"),
            ("recipe.yaml:2", "dataset", "not of the allowed form", "^[a-z0-9]"),
            ("recipe.yaml:3", "taxonomy", "wrong type", "text, or a mapping"),
            ("recipe.yaml:4", "label.min_overlap", "out of range", "a number from 0 to 1"),
            ("recipe.yaml:6", "title", "duplicate key", "each key once"),
        ],
        {"base.yaml": "limits:\n  max_fail: 1\nsources: [{kind: 3}]\n"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_broken_recipe(case: Broken, tmp_path: Path) -> None:
    problems = problems_of(tmp_path, case.recipe, case.overrides, **case.files)
    found = [(Path(p.file).name + (f":{p.line}" if p.line else ""), p.key) for p in problems]
    assert found == [(place, key) for place, key, _, _ in case.expected]
    for problem, (_, _, message, allowed) in zip(problems, case.expected, strict=True):
        assert message in problem.message
        assert allowed in problem.allowed
        assert bool(problem.column) == bool(problem.line)
        assert problem.allowed or problem.hint or "control character" in problem.message
        assert "hunter2" not in str(problem)


HINTS = [
    ("+publich: {to: x}\n", "did you mean: publish?"),
    ("+label: {pools: [Humans]}\n", "did you mean: human?"),
    ("+title: on\n", 'quote it: "on"'),
    ("+languages: [en, no]\n", 'quote it: "no"'),
    ("+description: 2024\n", 'quote it: "2024"'),
    ("+limits: {max_failed: '0.5'}\n", "write 0.5, without quotes"),
    ("+limits: {row_bytes: 1e6}\n", "write 1000000, without quotes"),
    ("+limits: {max_failed: 1e-9}\n", "write 1.0e-09, without quotes"),
    ("+limits:\n", "leave the key out for its default"),
    ("+publish: {media: image}\n", "write a list: [image]"),
    ("+label:\n\trule: x\n", "indent with spaces: YAML allows no tabs there"),
    ("+title: 'x\n", "is the quote closed?"),
    ("+authors: [a\n", "is the bracket closed, with commas between the entries?"),
    ("+people: {pseudonym_key: ${env:KEY}}\n", 'put the reference in quotes: "${env:NAME}"'),
    ("+title: a: b\n", "Text with a colon and a space in it needs quotes"),
    ("+title: @b\n", "text that begins with @, `, % or a tab needs quotes"),
    ("+---\n", "a recipe is one document: remove the line ---"),
    ("+title: a\ntitle: b\n", "first written on line 5"),
    ("+ingest:\n  - scenes:\n    threshold: 27\n", "indent the parameters further than the step's name"),
    ("+ingest: [{a: {}, b: {}}]\n", "begin each step with its own dash"),
    ("+ratings: [{kind: csv}, {kind: csv}]\n", "without a name an input is called like its kind: name it"),
]


@pytest.mark.parametrize(("recipe", "hint"), HINTS)
def test_hint(recipe: str, hint: str, tmp_path: Path) -> None:
    assert hint in problems_of(tmp_path, recipe)[-1].hint


def test_the_root_that_would_allow_a_path_is_named(tmp_path: Path) -> None:
    (home := tmp_path / "home").mkdir()
    (problem,) = problems_of(home, "+workspace: ../shared/work\n")
    assert problem.hint == f"allow it with --root {(tmp_path / 'shared').resolve()}"


def test_near_misses_of_files_are_named(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "+include: [bsae.yaml]\n", **{"base.yaml": "title: x\n"})
    assert problem.hint == "did you mean: base.yaml?"


@pytest.mark.parametrize(
    ("splits", "names"),
    [("", ["train", "validation", "test"]), ("+publish: {splits: {train: 0.5, dev: 0.5}}\n", ["train", "dev"])],
)
def test_one_share_alone_tells_which_others_to_set(tmp_path: Path, splits: str, names: list[str]) -> None:
    (problem,) = problems_of(tmp_path, splits or "+", ("publish.splits.train=0.7",))
    assert problem.hint.endswith(": " + ", ".join(f"publish.splits.{name}" for name in names))


def test_message_as_a_person_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (problem,) = problems_of(tmp_path, "+label:\n  pools: [modle]\n")
    expected = """\
        recipe.yaml:6:11: label.pools[0]: unknown value
            given: "modle"
            allowed: human, group, model
            did you mean: model?"""
    assert str(problem) == textwrap.dedent(expected)
    elsewhere = tmp_path / "a" / "b"
    elsewhere.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    assert str(problem).startswith(f"{tmp_path}/recipe.yaml:6:11: ")


@pytest.mark.parametrize(("name", "message"), [("absent.yaml", "no such file"), (".", "not a file")])
def test_recipe_that_is_no_file(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeProblems, match=message) as caught:
        load_recipe(tmp_path / name)
    assert caught.value.problems[0].line == 0


def test_problems_survive_pickling_and_become_json(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, "+publich: 1\ntitle: on\n")
    error = RecipeProblems(problems)
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(error, AffectoryError)
    assert (copy.problems, str(copy), copy.exit_code) == (problems, str(error), Exit.USER)
    assert json.loads(json.dumps(error.facts()))["problems"][0]["key"] == "publich"


def test_text_that_is_not_utf8_can_be_shown() -> None:
    str(Problem("caf\udce9.yaml", 1, 1, "a", "b", "\udce9")).encode()

"""`affectory agreement` on recipes, releases and files."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from support.project import TEXTS, Project, texts, write_csv, write_lines

from affectory.pipelines.cli.app import app
from affectory.schemas.errors import Exit

AMOUNTS = "None,A little,A lot"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = texts(tmp_path_factory.mktemp("measured"), 12)
    made.build()
    return made


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    said = ["None", "A little", "A lot"]
    rows = [[f"t{n}", f"r{r}", said[(n + r * (n % 4 == 0)) % 3], f"s{n % 6}"] for n in range(18) for r in range(2)]
    write_csv(tmp_path / "ratings.csv", ["text", "who", "joy", "speaker"], rows)
    return tmp_path / "ratings.csv"


@dataclass(frozen=True)
class Command:
    """The command in this process, as if typed in a folder."""

    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def told(self, folder: Path, *words: str) -> str:
        self.monkeypatch.chdir(folder)
        app(["agreement", *words], standalone_mode=False)
        return self.capsys.readouterr().out

    def refused(self, folder: Path, *words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            self.told(folder, *words)
        assert ended.value.code == Exit.USER
        return self.capsys.readouterr().err

    def figures(self, folder: Path, *words: str) -> dict[str, Any]:
        """Of all raters, by pool, question and measure."""
        found = json.loads(self.told(folder, *words, "--json", "--draws", "20"))["figures"]
        return {f"{f['pool']}: {f['question']}, {f['measure']}": f for f in found if f["rater"] is None}


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capsys, monkeypatch)


def contents(path: Path) -> str:
    """All that a file says, whether or not it is compressed."""
    return str(pq.read_table(path).to_pydict()) if path.suffix == ".parquet" else path.read_text(encoding="utf-8")


def test_a_release_and_the_build_that_it_is_of_say_the_same(built: Project, command: Command) -> None:
    built_says = command.figures(built.folder, "recipe.yaml", "--workspace", "ws")
    assert built_says == command.figures(built.folder, "releases/v1.0.0")
    joy = built_says["people: joy, alpha nominal"]
    assert (joy["about"], joy["raters"], joy["ratings"], joy["state"]) == ("perceived", 2, 24, "")
    assert built_says["models: joy, alpha nominal"]["state"] == "a single rater"
    assert joy["items_low"] is None, "three speakers are too few clusters"


def test_a_file_of_ratings_needs_no_recipe(rated: Path, command: Command) -> None:
    here = rated.parent
    columns = ("--item", "text", "--rater", "who")
    alpha = command.figures(here, "ratings.csv", *columns, "--value", "joy", "--levels", AMOUNTS)[
        "people: joy, alpha ordinal"
    ]
    assert (alpha["items"], alpha["ratings"], alpha["state"]) == (18, 36, "")
    assert alpha["items_low"] < alpha["value"] < alpha["items_high"]
    text = command.told(here, "ratings.csv", *columns, "--values", "joy,speaker", "--by", "rater", "--draws", "0")
    assert "r0" in text and "speaker" in text


def test_all_files_say_the_same(rated: Path, command: Command) -> None:
    here = rated.parent
    lines = [line.split(",") for line in rated.read_text().splitlines()]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    write_lines(rated.with_suffix(".jsonl"), rows)
    pq.write_table(pa.Table.from_pylist(rows), rated.with_suffix(".parquet"))
    rated.with_suffix(".tsv").write_text("\n".join("\t".join(line) for line in lines))
    columns = ("--item", "text", "--rater", "who", "--value", "joy", "--cluster", "speaker", "--measure", "cohen kappa")
    first, *others = (command.figures(here, f"ratings.{end}", *columns) for end in ("csv", "jsonl", "parquet", "tsv"))
    assert others == [first] * 3 and first["people: joy, cohen kappa"]["value"] > 0.5


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("ratings.csv", "--value", "joy"), "--item COLUMN\n  the columns are text, who, joy, speaker"),
        (("ratings.csv", "--item", "txt", "--value", "joy"), "no column 'txt'\n  the columns are text, who, joy"),
        (("ratings.csv", "--item", "text"), "given: none"),
        (("ratings.csv", "--item", "text", "--value", "joy", "--levels", "None"), "is not one of the levels"),
        (("ratings.csv", "--item", "text", "--value", "joy", "--measure", "kapa"), "no measure 'kapa'"),
        (("ratings.csv", "--item", "text", "--value", "joy", "--level", "cardinal"), "no level 'cardinal'"),
        (("gone.csv", "--item", "text", "--value", "joy"), "gone.csv"),
        (("broken.jsonl", "--item", "text", "--value", "joy"), "broken.jsonl, line 2 is not JSON"),
        (("broken.parquet", "--item", "text", "--value", "joy"), "broken.parquet cannot be read"),
        ((".", ), "holds no opinions of a release"),
        ((".", "--values", "joy"), "--values is for a file of ratings"),
    ],
)  # fmt: skip
def test_mistakes_are_explained(rated: Path, command: Command, words: tuple[str, ...], says: str) -> None:
    rated.with_name("broken.jsonl").write_text('{"text": 1}\n{"text\n')
    rated.with_name("broken.parquet").write_text("PAR1")
    assert says in command.refused(rated.parent, *words)


def test_raters_known_by_their_addresses_are_published_and_measured_by_pseudonyms(
    tmp_path: Path, command: Command
) -> None:
    made = texts(tmp_path / "mailed", 8)
    raters = ["mara@example.org", "tom@example.org"]
    said = ["None", "A little", "None", "A lot"]
    rows = [[f"l{n}", rater, "joy", said.index(said[(n + r) % 4])] for n in range(8) for r, rater in enumerate(raters)]
    write_csv(made.folder / "ratings.csv", ["id", "rater", "emotion", "strong"], rows)
    entry = {**TEXTS["ratings"][0], "intensity": "strong", "intensity_max": 3}
    # Without models, whose names hold an @.
    made.recipe.write_text(yaml.safe_dump({**TEXTS, "ratings": [entry], "assist": []}))
    made.build()
    published = [path for path in made.releases.rglob("*") if path.is_file()]
    assert published
    assert not [path for path in published if re.search(r"\w@\w|example\.org", contents(path))]
    people = set(made.rows("v1.0.0", "opinions").column("rater").to_pylist())
    assert len(people) == 2
    by_rater = command.told(made.folder, "releases/v1.0.0", "--by", "rater", "--draws", "0")
    assert "example.org" not in by_rater and all(p in by_rater for p in people)

"""What a user of a release finds: typed features, and nobody's name."""

from pathlib import Path

import datasets
import pytest
import yaml
from support.project import TEXTS, Project, texts

from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.schemas.ledgers import LEDGERS


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = texts(tmp_path_factory.mktemp("content"), 12)
    made.build()
    return made


def test_datasets_reads_typed_features(built: Project, tmp_path: Path) -> None:
    loaded = datasets.load_dataset(str(built.releases / "v1.0.0"), cache_dir=str(tmp_path))
    features = next(iter(loaded.values())).features
    assert features["label"] == datasets.ClassLabel(names=list(built.bound().taxonomy.labels))
    assert features["distribution"] == datasets.List(datasets.Value("float32"))
    assert features["image"] == datasets.Image() and features["audio"] == datasets.Audio()
    assert features["video"] == datasets.Video()
    assert sum(split.num_rows for split in loaded.values()) == 12


def test_labels_are_the_votes_of_people(built: Project) -> None:
    rows = built.rows("v1.0.0").to_pylist()
    names = built.bound().taxonomy.labels
    for row in rows:
        number = int(row["text"].split()[1].rstrip(":"))
        first, second = (
            ("joy", "sadness", "anger", "fear")[number % 4],
            ("joy", "sadness", "anger", "fear")[(number + number % 2) % 4],
        )
        expected = [((name == first) + (name == second)) / 2 for name in names]
        assert row["distribution"] == pytest.approx(expected)
        assert (row["label_pool"], row["label_count"]) == ("human", 2)


def test_opinions_of_people_and_models_lie_side_by_side(built: Project) -> None:
    kinds = built.rows("v1.0.0", "opinions").column("rater_kind").to_pylist()
    assert (kinds.count("human"), kinds.count("lexicon")) == (24, 12)


def test_no_name_enters_a_ledger_or_a_release(built: Project) -> None:
    names = [f"speaker{n}" for n in range(3)] + [f"rater{n}" for n in range(2)]
    tables = [Workspace(built.workspace).ledger(name).read() for name in LEDGERS]
    tables += [built.rows("v1.0.0"), built.rows("v1.0.0", "opinions")]
    told = "".join(str(table.to_pylist()) for table in tables)
    assert [name for name in names if name in told] == []
    people = Workspace(built.workspace).ledger("people").read().to_pylist()
    assert sorted(role for person in people for role in person["roles"]) == ["rater"] * 2 + ["subject"] * 3


def test_another_pseudonym_key_makes_other_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for key in ("k-one", "k-two"):
        made = keyed(tmp_path / key, "TEST_KEY")
        monkeypatch.setenv("TEST_KEY", key)
        made.build()
        seen.append(set(made.rows("v1.0.0").column("speaker").to_pylist()))
        assert key not in (made.releases / "v1.0.0" / "recipe.yaml").read_text()
    assert not seen[0] & seen[1]


def test_another_key_on_the_same_ledgers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = keyed(tmp_path, "TEST_KEY")
    monkeypatch.setenv("TEST_KEY", "one")
    made.build()
    monkeypatch.setenv("TEST_KEY", "two")
    with pytest.raises(UserError, match="another pseudonym key"):
        made.build()


def keyed(folder: Path, variable: str) -> Project:
    made = texts(folder, 3)
    recipe = {**TEXTS, "people": {"pseudonym_key": f"${{env:{variable}}}"}}
    made.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return made


def test_a_pseudonym_key_that_is_not_set_is_a_mistake_that_names_it(tmp_path: Path) -> None:
    made = keyed(tmp_path, "NOBODY_SET_THIS")
    done = made.command("build")
    assert (done.returncode, "NOBODY_SET_THIS" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_ids_of_rows_without_a_key_do_not_give_a_name_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the published text and a list of names, an id that were a hash over both could be guessed."""
    ids = []
    for key in ("k-one", "k-two"):
        made = keyed(tmp_path / key, "TEST_KEY")
        recipe = yaml.safe_load(made.recipe.read_text())
        del recipe["sources"][0]["key"], recipe["ratings"]
        made.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
        monkeypatch.setenv("TEST_KEY", key)
        made.build()
        ids.append(set(made.rows("v1.0.0").column("record_id").to_pylist()))
    assert len(ids[0]) == 3 and not ids[0] & ids[1]

"""The command line as people and machines use it."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.project import Project, project, texts, write_image
from support.scripts import script

from affectory.pipelines.starter import recipe_names, write_starter
from affectory.schemas.errors import UserError
from affectory.schemas.recipe.load import load_recipe

AFFECTORY = str(Path(sys.executable).with_name("affectory"))
WHERE = ("--workspace", "ws", "--releases", "releases")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = texts(tmp_path_factory.mktemp("built"), 8)
    with (made.folder / "ratings.csv").open("a") as file:
        file.write("nobody,rater1,joy\n")
    made.build()
    return made


def told(made: Project, *words: str) -> str:
    done = made.command(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_build_tells_what_became_of_everything_and_how_to_load_it(tmp_path: Path) -> None:
    made = texts(tmp_path, 8)
    out = told(made, "build", *WHERE)
    assert "texts v1.0.0 (first" in out
    assert "8 samples" in out and "16 attached" in out
    load = next(line.split(maxsplit=1)[1] for line in out.splitlines() if line.strip().startswith("load"))
    done = subprocess.run([sys.executable, "-c", script(f"{load}; print(data['train'].features['label'])")], **PIPES)
    assert done.returncode == 0, done.stderr
    assert "ClassLabel" in done.stdout


PIPES: dict[str, object] = {"capture_output": True, "text": True, "check": False}


def test_build_speaks_json_to_machines(tmp_path: Path) -> None:
    made = texts(tmp_path, 8)
    events = [json.loads(line) for line in told(made, "build", "--json", *WHERE).splitlines()]
    assert events[-1]["event"] == "summary"
    assert (events[-1]["kept"], events[-1]["version"]) == (8, "v1.0.0")


def test_a_preview_of_some_records_leaves_the_real_release_alone(built: Project) -> None:
    out = told(built, "build", "--sample", "2", *WHERE)
    assert "2 samples" in out and "preview-2" in out
    assert (built.releases / "LATEST").read_text().strip() == "v1.0.0"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("status",), ["release    v1.0.0", "lease      free", "lexicon"]),
        (("rejects",), ["unknown_record", "ratings.csv#L18", "nobody"]),
        (("releases",), ["v1.0.0", "first"]),
        (("diff", "v1.0.0", "v1.0.0", "--recipe", "recipe.yaml"), ["the same"]),
        (("plan",), ["lexicon", "0 of 16 judgements would find no sample"]),
        (("schema",), ['"clean_text"', '"jsonl"', "min_chars"]),
    ],
)
def test_looking(built: Project, words: tuple[str, ...], says: list[str]) -> None:
    where = {"plan": WHERE[:2], "schema": (), "rejects": WHERE[:2], "diff": WHERE[2:]}.get(words[0], WHERE)
    out = told(built, *words, *where)
    assert [word for word in says if word not in out] == []


def test_a_reason_that_does_not_occur_is_a_mistake_that_names_those_that_do(built: Project) -> None:
    done = built.command("rejects", "--reason", "unreadable", *WHERE[:2])
    assert (done.returncode, "unknown_record" in done.stderr) == (2, True)


def test_a_preview_says_so_and_points_to_its_own_workspace(built: Project) -> None:
    out = told(built, "build", "--sample", "3", *WHERE)
    assert out.startswith("preview of texts")
    assert "preview-3" in out


def test_building_without_publishing(tmp_path: Path) -> None:
    made = texts(tmp_path, 4)
    assert "not published" in told(made, "build", "--no-publish", *WHERE)
    assert not made.releases.exists()
    assert told(made, "publish", *WHERE).startswith("v1.0.0")


def test_trace_leads_from_a_sample_to_its_file_and_opinions(built: Project) -> None:
    sample = built.rows("v1.0.0").column("sample_id")[0].as_py()
    found = json.loads(told(built, "trace", sample, "--json", *WHERE[:2]))
    assert found["source"]["uri"] == "lines.jsonl"
    humans = [o for o in found["opinions"] if o["rater_kind"] == "human"]
    assert (found["sample"]["sample_id"], len(humans)) == (sample, 2)
    assert found["stages"] == ["root", "clean_text", "lexicon", "label"]
    by_opinion = json.loads(told(built, "trace", humans[0]["opinion_id"], "--json", *WHERE[:2]))
    assert by_opinion["sample"] == found["sample"]


def test_trace_of_something_unknown_is_a_clear_mistake(built: Project) -> None:
    done = built.command("trace", "s_nothing", *WHERE[:2])
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "s_nothing" in done.stderr


def test_clean_deletes_what_is_derived_and_nothing_else(tmp_path: Path) -> None:
    made = texts(tmp_path, 6)
    made.build()
    tops = [tmp_path / top for top in ("ws/ledgers", "ws/fits", "releases")]
    kept = {p: p.read_bytes() for top in tops for p in top.rglob("*") if p.is_file()}
    told(made, "clean", "--yes", *WHERE[:2])
    assert {p: p.read_bytes() for p in kept} == kept
    assert not (made.workspace / "derived").exists()
    assert made.build().unchanged


def test_gc_deletes_what_the_last_build_does_not_need(tmp_path: Path) -> None:
    made = texts(tmp_path, 6)
    made.build("ingest[0].clean_text.min_chars=2")
    made.build()
    out = told(made, "gc", *WHERE[:2])
    assert not out.startswith("deleted 0")
    assert told(made, "gc", *WHERE[:2]).startswith("deleted 0")
    assert made.build().partitions_run == 0


def test_a_starter_recipe_builds(tmp_path: Path) -> None:
    made = Project(tmp_path)
    told(made, "new", "my-first")
    folder = tmp_path / "my-first"
    assert json.loads((folder / "recipe.schema.json").read_text())["$schema"]
    (folder / "media" / "note.txt").write_text("I am so happy to see you.")
    out = told(made, "build", "my-first/recipe.yaml")
    assert "my-first v1.0.0" in out and "1 samples" in out
    assert made.command("new", "my-first").returncode == 2
    assert made.command("new", "My First").returncode == 2


@pytest.mark.parametrize("recipe", recipe_names())
def test_every_recipe_may_be_begun_with(tmp_path: Path, recipe: str) -> None:
    made = Project(tmp_path)
    out = made.told("new", "mine", "--from", recipe).stdout
    assert ("files into mine/media" in out) is (recipe == "starter")
    written = (tmp_path / "mine" / "recipe.yaml").read_text()
    assert written.startswith("# yaml-language-server") and "NAME" not in written
    assert load_recipe(tmp_path / "mine" / "recipe.yaml").spec.dataset == "mine"


def test_a_recipe_that_is_none_is_answered_with_all_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        next(write_starter("mine", tmp_path / "mine", "nothing"))
    assert caught.value.hint == f"there are: {', '.join(recipe_names())}"
    assert {"shortcut", "fairness", "aipsy", "unibench", "mer-caption", "starter"} <= set(recipe_names())


def test_publish_again_under_other_shares_is_a_patch(tmp_path: Path) -> None:
    made = texts(tmp_path, 8)
    made.build()
    shares = [f"publish.splits.{name}={share}" for name, share in (("train", 0.5), ("validation", 0.5), ("test", 0))]
    words = [word for share in shares for word in ("--set", share)]
    assert "patch" in told(made, "publish", *words, *WHERE)


def test_a_build_beside_another_says_who_holds_the_lease(tmp_path: Path) -> None:
    from affectory.pipelines.store.workspace import Workspace

    made = texts(tmp_path, 4)
    with Workspace(made.workspace).lease():
        done = made.command("build", *WHERE)
    assert done.returncode == 3
    assert "holds the lease" in done.stderr


def test_gc_spares_media_that_only_earlier_stages_name(tmp_path: Path) -> None:
    recipe = {
        "dataset": "faces",
        "taxonomy": "ekman-7",
        "sources": [{"kind": "folder", "name": "media", "path": "media"}],
        "ingest": ["load_image", {"probe": {}}],
        "validate": {"min_rows": 0},
    }
    made = project(tmp_path, recipe)
    write_image(tmp_path / "media" / "a.png", 1)
    made.build()
    assert made.build("ingest[1].probe.max_pixels=10").kept == 0
    told(made, "gc", *WHERE[:2])
    assert (made.build().kept, made.build().partitions_run) == (1, 0)


def test_publish_does_not_walk_around_the_gate_or_a_changed_recipe(tmp_path: Path) -> None:
    made = texts(tmp_path, 6)
    made.build()
    for words, code in ((("validate.min_rows=99",), 4), (("taxonomy=plutchik-8",), 2)):
        done = made.command("publish", *(w for word in words for w in ("--set", word)), *WHERE)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False)


def test_code_in_the_users_folder_is_not_run(tmp_path: Path) -> None:
    texts(tmp_path, 4)
    (tmp_path / "random.py").write_text("raise SystemExit('this is the user's own file')")
    (tmp_path / "typing.py").write_text("raise SystemExit('this too')")
    done = subprocess.run([AFFECTORY, "build", "--workers", "1", *WHERE], cwd=tmp_path, **PIPES)
    assert done.returncode == 0, done.stderr


def test_interrupting_a_build_ends_it_with_a_word_and_no_traceback(tmp_path: Path) -> None:
    made = texts(tmp_path, 6)
    ready = [AFFECTORY, "build", "--workers", "1", "--json", *WHERE]
    with subprocess.Popen(ready, cwd=made.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as build:
        assert build.stdout is not None
        build.stdout.readline()
        build.send_signal(signal.SIGINT)
        _, errors = build.communicate(timeout=60)
    assert (build.returncode, "stopped" in errors, "Traceback" in errors) == (130, True, False)


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    done = subprocess.run(
        f"set -o pipefail; '{AFFECTORY}' schema | head -n 1", shell=True, executable="/bin/bash", **PIPES
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")


@pytest.mark.parametrize(
    "words",
    [
        ("build", "--workspace", "lines.jsonl"),
        ("plan", "--workspace", "lines.jsonl/deeper"),
        ("build", "--releases", "lines.jsonl"),
        ("diff", "v1.0.0", "v9.9.9"),
        ("build", "."),
    ],
)
def test_places_that_cannot_be_used_are_mistakes_without_traceback(tmp_path: Path, words: tuple[str, ...]) -> None:
    made = texts(tmp_path, 2)
    done = made.command(*words)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert done.stderr.strip()

"""What changed, what is gone and what is asked no more, from the files of a project to what raters can reach."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from support.label_studio import LabelStudio
from support.media import write_picture
from support.round_trip import TOKEN, Reviewed, write_world

from affectory.annotation.proxy.home import read_assigned, read_raters
from affectory.annotation.server.home import Home
from affectory.annotation.tracing.store import Key, Store
from affectory.annotation.tracing.tasks import read_task, tasks_of
from affectory.annotation.tracing.traces import Save
from affectory.pipelines.review.planning import make_plan
from affectory.pipelines.review.pulling import Pulling
from affectory.pipelines.review.pushing import ProjectPushed, Pushing

pytestmark = pytest.mark.xdist_group("label-studio")


@pytest.fixture(scope="module")
def reviewed(label_studio: LabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    """Pictures of which emotions are asked, and clips whose valence is traced."""
    folder = tmp_path_factory.mktemp("changed")
    project = write_world(folder / "project", {"image": 3, "video": 3})
    home = Home(folder / "home")
    home.prepare()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(TOKEN, label_studio.token)
        found = Reviewed(project, label_studio, home, "http://proxy.test", {"eve": label_studio.annotator("changed")})
        traced = {"kinds": ["video"], "ask": [{"trace": {"of": ["valence"]}}], "raters": 1}
        found.review(ask=["categories"], raters=1, kinds=["image"], also={"traced": traced})
        push(found)
        yield found


def quiet(*_: Any) -> None:
    pass


def push(reviewed: Reviewed) -> dict[str, ProjectPushed]:
    """Build, plan and push; what became of each project by its kind."""
    reviewed.project.build(publish=False)
    make_plan(reviewed.desk)
    return {one.title.rpartition(" ")[2]: one for one in Pushing(reviewed.desk, print, quiet).run()}


def served(reviewed: Reviewed) -> set[str]:
    """The files that can be fetched."""
    return {path.name for path in reviewed.home.media.iterdir()}


def draw(reviewed: Reviewed, uid: str) -> None:
    """The rater submits a trace of a whole clip."""
    task, [rater] = read_task(reviewed.home.folder, uid), [r.id for r in read_raters(reviewed.home.folder).values()]
    assert task is not None
    samples = tuple((n * 50_000, 0.0 if n < 2 else 0.5) for n in range(int((task.duration_s or 0) * 20)))
    save = Save("one-page", 0, 0, samples=samples, spent_ms=1500, finished=True)
    Store(reviewed.home.folder).save(task, Key(uid, "valence", rater), save)


def test_what_changed_is_replaced_and_what_is_gone_cannot_be_reached(reviewed: Reviewed) -> None:
    clips = [task.uid for task in tasks_of(reviewed.home.folder)]
    first = served(reviewed)
    assert (len(first), len(clips)) == (6, 3)
    by_name = {row["uri"].rpartition("/")[2]: row for row in reviewed.desk.material.rows.values()}
    samples = {ask["sample_id"]: ask["task"] for ask in reviewed.desk.asks().to_pylist()}
    drawn, gone = (samples[by_name[name]["sample_id"]] for name in ("0.mp4", "1.mp4"))
    draw(reviewed, drawn)
    media = reviewed.project.folder / "media"
    write_picture(media / "0.png", (50, 50), (9, 9, 9))
    for name in ("1.png", "0.mp4", "1.mp4"):
        (media / name).unlink()
    done = push(reviewed)
    assert (done["image"].done.updated + done["image"].done.made, done["image"].done.kept) == (1, 1)
    assert len(done["image"].done.numbers) == 2
    assert len(served(reviewed)) == 3
    assert len(served(reviewed) - first) == 1, "the picture as it is now"
    assert {task.uid for task in tasks_of(reviewed.home.folder)} == set(clips) - {gone}
    found = Pulling(reviewed.desk, print, quiet).run()
    assert dict(found.counts) == {"taken": 1}, "what was drawn before it was closed counts"
    [row] = reviewed.desk.judgements().to_pylist()
    assert row["asked"]["response"] == "trace"


def test_what_is_in_the_recipe_no_more_is_asked_of_nobody(reviewed: Reviewed) -> None:
    number = {key[0]: number for key, number in reviewed.projects().items()}["traced"]
    place = reviewed.home.folder / "assigned" / f"{number}.json"
    assert read_assigned(place).raters
    recipe = yaml.safe_load(reviewed.project.recipe.read_text())
    del recipe["review"]["also"]
    reviewed.project.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    lines: list[str] = []
    Pushing(reviewed.desk, lines.append, quiet).run()
    title = "round-trip: traced, video"
    assert f"{title} is asked no more: it is not in the recipe, and answers to it are not pulled" in lines
    assert not read_assigned(place).raters
    assert {name.rpartition(".")[2] for name in served(reviewed)} == {"png"}
    lines.clear()
    Pushing(reviewed.desk, lines.append, quiet).run()
    assert not lines, "it is told once"

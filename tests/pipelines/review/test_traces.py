"""What raters draw on the trace page is opinions beside what they answer in Label Studio, and becomes labels."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow.compute as pc
import pytest
from support.forms import answered_result
from support.label_studio import LabelStudio
from support.round_trip import Reviewed, Scripted, reviewing, scripted, write_world

from affectory.pipelines.history import last_build, parts, read_parts
from affectory.pipelines.review.planning import make_plan
from affectory.pipelines.review.pulling import Pulling
from affectory.pipelines.review.pushing import Pushing
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import LABELS

pytestmark = pytest.mark.xdist_group("label-studio")
KEY = ("main", "video", False)
STEP_US = 50_000
WHICH = "Which emotion does this person seem to feel?"
SCALES = {"valence": 0.5, "arousal": -0.25}


@pytest.fixture(scope="module")
def reviewed(label_studio: LabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    folder = tmp_path_factory.mktemp("traces")
    project = write_world(folder / "project", {"video": 2})
    with reviewing(project, label_studio, folder / "home", ("tracer",)) as found:
        asked = ["categories", {"trace": {"of": list(SCALES)}}]
        found.review(ask=asked, raters=1)
        project.build("label.also=[trace]", publish=False)
        make_plan(found.desk)
        Pushing(found.desk, print, quiet).run()
        yield found


def quiet(*_: Any) -> None:
    pass


def pulled(reviewed: Reviewed) -> tuple[Counter[str], int]:
    found = Pulling(reviewed.desk, print, quiet).run()
    return found.counts, found.judgements


def draw(rater: Scripted, task: str, scale: str, value: float, revision: int = 0) -> None:
    """A whole pass over a clip of a second, which begins at rest."""
    samples = [[n * STEP_US, 0.0 if n < 2 else value] for n in range(20)]
    save = {"session": "one-page", "revision": revision, "seq": 0, "samples": samples, "spent_ms": 1500}
    saved = rater.client.put(f"/trace/api/traces/{task}/{scale}", json={**save, "finished": True})
    assert saved.status_code == 200, saved.text


def answer(reviewed: Reviewed, rater: Scripted) -> None:
    number, form = reviewed.projects()[KEY], reviewed.desk.review.forms()[KEY[:2]]
    while (found := rater.client.get(f"/api/projects/{number}/next")).status_code == 200:
        task = found.json()
        about = reviewed.shown()[task["data"]["uid"]]
        said = answered_result(form, about, {"categories": ["joy"], "trace": ["drawn"]})
        path = f"/api/tasks/{task['id']}/annotations?project={number}"
        rater.client.post(path, json={"result": said, "lead_time": 9}).raise_for_status()


def stand(reviewed: Reviewed) -> dict[tuple[str, str], Any]:
    """By record and question what stands."""
    rows = sorted(reviewed.desk.judgements().to_pylist(), key=lambda row: int(row["revision"]))
    newest = {row["act"]: row for row in rows}
    return {(r["anchor"]["record"], r["asked"]["question"]): r for r in newest.values() if not r["retracted"]}


def test_traces_and_answers_of_one_person_stand_beside_each_other(reviewed: Reviewed) -> None:
    with scripted(reviewed, "tracer") as rater:
        clips = rater.client.get("/trace/api/tasks").raise_for_status().json()
        assert [list(clip["scales"]) for clip in clips] == [list(SCALES)] * 2
        assert rater.client.get(f"/trace/media/{clips[0]['uid']}").status_code == 200
        for clip in clips:
            for scale, value in SCALES.items():
                draw(rater, clip["uid"], scale, value)
        assert pulled(reviewed) == (Counter(taken=4), 4)
        answer(reviewed, rater)
        assert pulled(reviewed) == (Counter(taken=2), 2)
        assert pulled(reviewed) == (Counter(), 0)
        said = stand(reviewed)
        assert Counter(question for _, question in said) == Counter({"valence": 2, "arousal": 2, WHICH: 2})
        assert {row["rater"] for row in said.values()} == {reviewed.desk.pseudonym(reviewed.people["tracer"].email)}
        draw(rater, clips[0]["uid"], "valence", -1.0, revision=1)
    assert pulled(reviewed) == (Counter(taken=1), 1), "drawn again, it supersedes"
    assert len(stand(reviewed)) == 6
    for (_, question), row in stand(reviewed).items():
        if question != WHICH:
            assert [point["at_us"] for point in row["answer"]["trace"]] == [n * STEP_US for n in range(20)]


def test_what_was_drawn_becomes_labels(reviewed: Reviewed) -> None:
    reviewed.project.build("label.also=[trace]", publish=False)
    workspace = Workspace(reviewed.project.workspace)
    record = last_build(workspace)
    assert record is not None
    table = read_parts(parts(workspace, record.finished, "labels"), LABELS.schema, LABELS.schema.names)
    rows = table.filter(pc.equal(table.column("space"), "continuous")).to_pylist()
    last = sorted(sorted(dict(zip(row["names"], row["values"], strict=True)).items()) for row in rows)
    assert last == [[("arousal", -0.25), ("valence", -1.0)], [("arousal", -0.25), ("valence", 0.5)]]

"""What the server answers: pages of samples, one sample, parts of media; and nobody who comes by another name."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from support.released import released

from affectory.pipelines.viewing.app import make_app, ranged
from affectory.pipelines.viewing.looking import version_of
from affectory.quality.report.released import Released

HERE = "http://127.0.0.1:8393"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Released:
    return Released(released(tmp_path_factory.mktemp("release") / "v1.0.0", 120, group=7))


@pytest.fixture(scope="module")
def client(release: Released) -> TestClient:
    return TestClient(make_app(release), base_url=HERE)


@pytest.fixture(scope="module")
def image(release: Released) -> Row:
    rows = [row for shard in release.shards("default") for row in pq.read_table(shard.path).to_pylist()]
    return next(row for row in rows if row["image"])


def test_samples_come_fifty_at_a_time(client: TestClient) -> None:
    ids: list[str] = []
    for first in (0, 50, 100):
        answer = client.get("/api/samples", params={"from": first}).json()
        assert answer["total"] == 120
        ids += [row["id"] for row in answer["rows"]]
    assert len(set(ids)) == 120


def test_filters_search_and_order_go_together(client: TestClient) -> None:
    asked = {"kind": "text", "q": "train", "order": "split"}
    answer = client.get("/api/samples", params=asked).json()
    assert answer["total"] == 24
    agreement = [row.get("agreement", 2) for row in answer["rows"]]
    assert agreement == sorted(agreement)
    assert {row["source"] for row in answer["rows"]} == {"letters", "stills"}


def test_a_sample_comes_with_all_that_was_said_of_it(client: TestClient, release: Released) -> None:
    opinions = [row for shard in release.shards("opinions") for row in pq.read_table(shard.path).to_pylist()]
    for sample in sorted({row["sample_id"] for row in opinions})[::17]:
        told = client.get(f"/api/samples/{sample}").json()
        said = {row["rater"] for row in opinions if row["sample_id"] == sample}
        assert {opinion["rater"] for opinion in told["sample"]["opinions"]} == said
        assert told["asked"][0]["question"] == "Which emotion?"


def test_media_come_whole_or_in_parts(client: TestClient, image: Row) -> None:
    body, place = image["image"]["bytes"], f"/media/{image['sample_id']}/image/0"
    whole, part = client.get(place), client.get(place, headers={"range": "bytes=10-19"})
    assert (whole.status_code, whole.headers["content-type"], whole.content) == (200, "image/png", body)
    assert (part.status_code, part.content) == (206, body[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(body)}"


@pytest.mark.parametrize(
    "path",
    [
        "/media/{id}/image/1", "/media/{id}/audio/0", "/media/{id}/text/0", "/media/{id}/nothing/0",
        "/media/s_0/image/0", "/media/..%2F..%2Fetc/image/0", "/media/{id}/..%2Fimage/0",
        "/media/{id}/image/" + "9" * 5000, "/media/{id}/image/-1", "/media/{id}/image/x",
        "/api/samples/..%2F..%2Fetc%2Fpasswd", "/api/samples/" + "s_0" * 5000, "/api/samples/%00%ff",
        "/taxonomy.json", "/../taxonomy.json", "/static/report.js",
    ],
)  # fmt: skip
def test_nothing_else_is_there(client: TestClient, image: Row, path: str) -> None:
    assert client.get(path.format(id=image["sample_id"])).status_code == 404


@pytest.mark.parametrize("host", ["affectory.example", "127.0.0.1.affectory.example:8393", ""])
def test_by_another_name_nobody_is_answered(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(client: TestClient, method: str) -> None:
    assert client.request(method, "/api/samples").status_code == 405


def test_other_pages_cannot_hold_or_read_it(client: TestClient) -> None:
    headers = client.get("/").headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "asked",
    [{"from": "-1"}, {"from": "x"}, {"from": "9" * 30}, {"from": "9" * 5000}, {"order": "'"}, {"q": "%_\\*" * 999}],
)
def test_odd_questions_have_answers(client: TestClient, asked: dict[str, str]) -> None:
    assert client.get("/api/samples", params=asked).status_code == 200


def test_a_part_that_cannot_be_meant_is_the_whole(client: TestClient, image: Row) -> None:
    place = f"/media/{image['sample_id']}/image/0"
    assert client.get(place, headers={"range": f"bytes=0-{'9' * 5000}"}).content == image["image"]["bytes"]


@given(st.binary(min_size=1, max_size=40), st.integers(0, 50) | st.none(), st.integers(0, 50) | st.none())
def test_a_part_is_what_a_slice_is(body: bytes, first: int | None, last: int | None) -> None:
    asked = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    answer = ranged(body, "audio/wav", asked)
    if first is None:
        expected = body if last is None else body[len(body) - min(last, len(body)) :]
    else:
        expected = body[first:] if last is None else body[first : last + 1]
    assert bytes(answer.body) == expected
    assert answer.status_code == (416 if not expected else 200 if first is None and last is None else 206)


def test_of_a_folder_of_versions_the_latest_is_shown(tmp_path: Path) -> None:
    (tmp_path / "LATEST").write_text("v1.2.0\n")
    assert version_of(tmp_path) == tmp_path / "v1.2.0"
    (tmp_path / "LATEST").write_text("../../elsewhere/v9.0.0\n")
    assert version_of(tmp_path) == tmp_path / "v9.0.0"
    assert version_of(tmp_path / "v1.2.0") == tmp_path / "v1.2.0"

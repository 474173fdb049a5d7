"""What annotators may do through the proxy, and what nobody may."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from support.attempts import HEADERS, REFUSED, Attempt
from support.proxied import ANN, BOB, EVE, LEAD, OTHERS, OURS, PLACE, SECRET, World, plan, world

from affectory.annotation.proxy.app import make_app
from affectory.annotation.proxy.home import Rater, write_assigned, write_raters

NAMES = {"project": OURS, "foreign": OTHERS, "task": 13, "other_task": 12, "foreign_task": 21, "lead": 1, "me": 2}


@pytest.fixture
def shop(tmp_path: Path) -> World:
    return world(tmp_path)


def draw(shop: World, email: str = ANN) -> int | None:
    found = shop.ask(email, "POST", f"/api/dm/actions?id=next_task&project={OURS}", json={})
    return int(found.json()["id"]) if found.status_code == 200 else None


def submit(shop: World, number: int, email: str = ANN, **given: Any) -> httpx.Response:
    return shop.ask(email, "POST", f"/api/tasks/{number}/annotations?project=7", json={"result": [], **given})


@pytest.mark.parametrize("token", [False, True], ids=["session", "token"])
@pytest.mark.parametrize("attempt", REFUSED, ids=str)
def test_it_is_refused_and_nothing_is_done(shop: World, attempt: Attempt, token: bool) -> None:
    theirs = shop.fake.answer(13, BOB)
    tried = attempt.filled(NAMES | {"theirs": theirs})
    found = shop.ask(ANN, tried.method, tried.path, token=token, json=tried.body)
    assert found.status_code in (400, 403, 404)
    assert SECRET not in found.text
    assert {method for method, _ in shop.fake.asked} <= {"GET"}
    assert len(shop.fake.annotations) == 1


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: next(iter(headers)))
def test_headers_open_no_door_and_go_no_further(shop: World, headers: dict[str, str]) -> None:
    theirs = shop.fake.answer(13, BOB)
    assert shop.ask(ANN, "GET", f"/api/annotations/{theirs}/", headers=headers).status_code == 403
    assert shop.ask(LEAD, "GET", f"/api/annotations/{theirs}/", headers=headers).status_code == 200
    assert not any(name in request.headers for request in shop.fake.seen for name in headers)


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/projects/"), ("GET", "/api/tasks/13/"), ("POST", "/x"),
                                              ("GET", "/api/users/"), ("DELETE", "/api/projects/7/")])  # fmt: skip
def test_nobody_gets_nothing(shop: World, method: str, path: str) -> None:
    assert shop.ask(None, method, path).status_code == 401
    assert shop.fake.asked == []


def test_a_page_sends_nobody_to_the_login(shop: World) -> None:
    found = shop.ask(None, "GET", "/review/")
    assert (found.status_code, found.headers["location"]) == (302, "/user/login/?next=/review/")


@pytest.mark.parametrize("path", ["/api/annotations/100/", "/api/users/", "/projects/8/settings/", "/admin/"])
def test_leads_reach_all(shop: World, path: str) -> None:
    shop.fake.answer(13, BOB)
    assert SECRET in shop.ask(LEAD, "GET", path).text


def test_who_is_unknown_has_an_account_and_nothing_else(shop: World) -> None:
    assert shop.ask(EVE, "GET", "/api/projects/").json()["results"] == []
    assert draw(shop, EVE) is None
    assert shop.ask(EVE, "GET", "/api/tasks/11/").status_code == 403
    assert "nothing for you" in shop.ask(EVE, "GET", "/review/").text


@pytest.mark.parametrize("email", [ANN, LEAD])
def test_who_has_withdrawn_is_asked_nothing_more(shop: World, email: str) -> None:
    write_raters(shop.home, {ANN: Rater("A", withdrawn=True), LEAD: Rater("L", "lead", withdrawn=True)})
    assert draw(shop, email) is None
    assert shop.ask(email, "GET", "/api/users/1/").status_code == 403


def test_two_credentials_are_one(shop: World) -> None:
    headers = {"authorization": "Token ann", "cookie": "sessionid=lead"}
    assert shop.ask(None, "GET", "/api/users/1/", headers=headers).status_code == 403
    assert all("cookie" not in request.headers for request in shop.fake.seen)


def test_a_key_is_judged_as_a_token_is(shop: World) -> None:
    headers = {"x-api-key": "ann", "authorization": "Token lead", "cookie": "sessionid=lead"}
    assert shop.ask(None, "GET", "/api/users/1/", headers=headers).status_code == 403


def test_the_first_of_two_sessions_counts_and_goes_on(shop: World) -> None:
    headers = {"cookie": "sessionid=ann; other=1; sessionid=lead"}
    assert shop.ask(None, "GET", "/api/users/1/", headers=headers).status_code == 403
    assert {request.headers["cookie"] for request in shop.fake.seen} == {"sessionid=ann"}


def test_sessions_that_label_studio_renews_are_not_kept_for_the_next(shop: World) -> None:
    assert "sessionid=lead" in shop.ask(LEAD, "GET", "/api/anything").headers["set-cookie"]
    assert shop.ask(None, "GET", "/api/users/").status_code == 401
    shop.ask(None, "GET", "/user/login/")
    assert "cookie" not in shop.fake.seen[-1].headers


def test_files_of_the_page_end_no_session(shop: World) -> None:
    """Label Studio begins a session for whoever comes without one, files included."""
    assert "set-cookie" not in shop.ask(ANN, "GET", "/static/js/a.js").headers
    assert "set-cookie" in shop.ask(None, "GET", "/user/login/").headers


def test_tasks_come_in_the_order_of_the_plan(shop: World) -> None:
    assert draw(shop) == 13
    assert submit(shop, 13).status_code == 201
    assert draw(shop) == 11
    assert submit(shop, 11, was_cancelled=True).status_code == 201
    assert draw(shop) is None


def test_what_was_answered_elsewhere_is_not_asked_again(shop: World) -> None:
    shop.fake.answer(13, ANN)
    assert draw(shop) == 11


def test_what_was_deleted_is_passed_over(shop: World) -> None:
    del shop.fake.tasks[13]
    assert draw(shop) == 11


def test_anyones_task_goes_to_one_and_the_next_to_the_next(shop: World) -> None:
    write_assigned(shop.home, OURS, plan(raters={}))
    assert [draw(shop), draw(shop, BOB), draw(shop)] == [11, 12, 11]
    assert shop.ask(ANN, "GET", "/api/tasks/12/").status_code == 403
    assert submit(shop, 12).status_code == 409


def test_what_enough_have_answered_is_not_given_out(shop: World) -> None:
    shop.fake.answer(11, ANN)
    shop.fake.answer(12, ANN, was_cancelled=True)
    assert draw(shop, BOB) == 12


def test_an_answer_still_counts_after_the_proxy_started_anew(shop: World) -> None:
    assert draw(shop, BOB) == 11
    shop.app = make_app(shop.home, "http://up", PLACE, httpx.MockTransport(shop.fake.handle))
    assert submit(shop, 11, BOB).status_code == 201


def test_a_task_is_answered_once(shop: World) -> None:
    assert submit(shop, 13).status_code == 201
    assert submit(shop, 13).status_code == 409
    assert len(shop.fake.annotations) == 1


def test_an_answer_is_whose_it_is_whatever_it_says(shop: World) -> None:
    theirs = {"completed_by": 1, "ground_truth": True, "project": OTHERS, "task": 21, "updated_by": 1}
    made = submit(shop, 13, lead_time=3.5, parent_annotation=1, parent_prediction=1, **theirs).json()
    assert shop.fake.annotations[made["id"]] | {"completed_by": 2, "task": 13} == shop.fake.annotations[made["id"]]
    assert not {"ground_truth", "updated_by", "parent_annotation", "parent_prediction"} & set(
        shop.fake.annotations[made["id"]]
    )


def test_ones_own_answer_is_read_changed_and_taken_back(shop: World) -> None:
    number = submit(shop, 13).json()["id"]
    path = f"/api/annotations/{number}/"
    assert shop.ask(ANN, "GET", path).json()["id"] == number
    changed = shop.ask(ANN, "PATCH", path, json={"result": [1], "completed_by": 3, "task": 12}).json()
    assert (changed["result"], changed["completed_by"], changed["task"]) == ([1], 2, 13)
    assert shop.ask(ANN, "DELETE", path).status_code == 204
    assert draw(shop) == 13


def test_a_task_shows_nothing_of_others(shop: World) -> None:
    shop.fake.answer(13, BOB)
    mine = shop.fake.answer(13, ANN)
    found = shop.ask(ANN, "GET", "/api/tasks/13/")
    assert [row["id"] for row in found.json()["annotations"]] == [mine]
    assert found.json()["predictions"] == []
    assert (found.json()["annotators"], found.json()["total_annotations"]) == ([], 1)
    assert BOB not in found.text and SECRET not in found.text


def test_suggestions_are_seen_where_the_plan_says_so(shop: World) -> None:
    write_assigned(shop.home, OURS, plan(suggests=True))
    assert len(shop.ask(ANN, "GET", "/api/tasks/13/").json()["predictions"]) == 1
    assert shop.ask(ANN, "GET", f"/api/projects/{OURS}/").json()["show_collab_predictions"] is True


def test_a_project_says_nothing_of_people(shop: World) -> None:
    found = shop.ask(ANN, "GET", f"/api/projects/{OURS}/")
    assert LEAD not in found.text
    assert (found.json()["task_count"], found.json()["queue_done"]) == (2, 0)


def test_columns_are_those_of_the_data(shop: World) -> None:
    assert [row["id"] for row in shop.ask(ANN, "GET", "/api/dm/columns?project=7").json()["columns"]] == ["text"]
    assert shop.ask(ANN, "GET", "/api/dm/columns?project=8").status_code == 403


def test_oneself_is_the_only_user(shop: World) -> None:
    assert [row["email"] for row in shop.ask(ANN, "GET", "/api/users?project=7").json()] == [ANN]
    assert "everything" not in shop.ask(ANN, "GET", "/api/current-user/whoami").text


def test_hours_count_and_end_the_week(shop: World) -> None:
    write_raters(shop.home, {ANN: Rater("A", hours=1.0)})
    submit(shop, 13, lead_time=10**9)
    assert "1.0 of 1 hours" in shop.ask(ANN, "GET", "/review/").text
    assert draw(shop) is None


@pytest.mark.parametrize("body", ["[]", "{", '{"result": NaN}', '{"result": 1}', "[" * 100_000, '{"was_cancelled": 1}'])
def test_what_is_no_answer_is_not_passed_on(shop: World, body: str) -> None:
    headers = {"content-type": "application/json"}
    assert shop.ask(ANN, "POST", "/api/tasks/13/annotations/", content=body, headers=headers).status_code == 400
    assert shop.fake.annotations == {}


def test_a_form_is_no_answer(shop: World) -> None:
    assert shop.ask(ANN, "POST", "/api/tasks/13/annotations/", data={"completed_by": "1"}).status_code == 415


def test_what_is_too_long_is_not_read(shop: World) -> None:
    headers = {"content-type": "application/json"}
    found = shop.ask(ANN, "POST", "/api/tasks/13/annotations/", content=b" " * (5 << 20), headers=headers)
    assert found.status_code == 413


@pytest.mark.parametrize("headers", [{"origin": "http://evil.test"}, {"referer": "http://evil.test/x"},
                                     {"sec-fetch-site": "cross-site"}, {"origin": "null"}], ids=str)  # fmt: skip
def test_pages_of_other_sites_send_nothing(shop: World, headers: dict[str, str]) -> None:
    found = shop.ask(ANN, "POST", "/api/tasks/13/annotations/", json={"result": []}, headers=headers)
    assert found.status_code == 400
    assert shop.fake.seen == []


def test_our_own_pages_do(shop: World) -> None:
    headers = {"origin": "http://127.0.0.1:8400", "sec-fetch-site": "same-origin"}
    assert shop.ask(ANN, "POST", "/api/tasks/13/annotations/", json={"result": []}, headers=headers).status_code == 201


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1:1", ""])
def test_other_names_of_the_host_are_not_answered_to(shop: World, host: str) -> None:
    assert shop.ask(LEAD, "GET", "/api/users/", headers={"host": host}).status_code == 400


def test_a_header_twice_is_refused(shop: World) -> None:
    headers = [("authorization", "Token ann"), ("authorization", "Token lead")]
    assert shop.ask(None, "GET", "/api/users/1/", headers=headers).status_code == 400


def test_answers_are_dressed(shop: World) -> None:
    found = shop.ask(LEAD, "GET", "/api/anything")
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["location"] == "/x"
    assert "server" not in found.headers


def test_a_silent_server_is_said_in_a_sentence(shop: World) -> None:
    shop.fake.down = True
    found = shop.ask(ANN, "GET", "/api/projects/")
    assert (found.status_code, "does not answer" in found.json()["detail"]) == (502, True)


def test_a_refusal_to_a_person_is_a_page(shop: World) -> None:
    found = shop.ask(ANN, "GET", "/admin/", headers={"accept": "text/html"})
    assert (found.status_code, "Not open" in found.text) == (403, True)


def test_passwords_are_not_tried_without_end(shop: World) -> None:
    tries = [shop.ask(None, "POST", "/user/login/", data={"email": ANN, "password": "x"}) for _ in range(11)]
    assert [found.status_code for found in tries] == [200] * 10 + [429]
    assert shop.ask(None, "POST", "/user/login/", data={"email": BOB, "password": "x"}).status_code == 200


@pytest.mark.parametrize("content", ["email=a&email=b", "password=x"])
def test_a_login_that_reads_two_ways_is_not_tried(shop: World, content: str) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert shop.ask(None, "POST", "/user/login/", content=content, headers=headers).status_code == 415


def test_a_plan_that_does_not_parse_leaves_the_one_before(shop: World) -> None:
    assert draw(shop) == 13
    (shop.home / "assigned" / f"{OURS}.json").write_text("{", encoding="utf-8")
    assert draw(shop) == 13

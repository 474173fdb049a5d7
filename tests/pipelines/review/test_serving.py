"""What the proxy works from, where two reviews share a server and its home."""

import threading
from collections.abc import Callable
from pathlib import Path

from affectory.annotation.proxy.home import Facts, read_raters
from affectory.annotation.server.home import Home
from affectory.pipelines.review.raters import Person
from affectory.pipelines.review.serving import Pushed, assign, tell_raters
from affectory.schemas.ids import pseudonym

ANN, BOB = "ann@x.org", "bob@x.org"


def under(key: bytes) -> Callable[[str], str]:
    return lambda email: pseudonym(email, key)


def push(home: Home, project: int, key: bytes, *emails: str) -> None:
    """A review under a key asks each of these people one task of a project."""
    known_as = under(key)
    ids = tell_raters(home, [Person(email, known_as(email)) for email in emails])
    tasks = {f"t{n}": 100 * project + n for n, _ in enumerate(emails)}
    asks = [{"ask_id": t, "task": t, "rater": known_as(e), "position": 0} for t, e in zip(tasks, emails, strict=True)]
    assign(home, Pushed(project, "title", tasks, {}, False), asks, ids)


def listed(home: Home, project: int, email: str) -> list[int]:
    """The tasks that the proxy gives somebody."""
    facts = Facts(home.folder)
    rater, plan = facts.rater(email), facts.project(project)
    assert rater is not None
    assert plan is not None
    return list(plan.listed(rater.id))


def test_two_reviews_under_different_keys_share_a_home(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for _ in range(2):
        push(home, 1, b"one", ANN)
        push(home, 2, b"two", BOB, ANN)
        assert listed(home, 1, ANN) == [100]
        assert listed(home, 2, ANN) == [201]
        assert listed(home, 2, BOB) == [200]
        assert listed(home, 1, BOB) == []


def test_who_led_and_is_listed_no_more_leads_no_more(tmp_path: Path) -> None:
    """Those whom this review never listed lead on: another one named them, or `review up --lead`."""
    home, known_as = Home(tmp_path), under(b"one")
    tell_raters(home, [Person(ANN, known_as(ANN), role="lead"), Person("lead@x.org", "lead-1", role="lead")])
    tell_raters(home, [Person(BOB, known_as(BOB))], {ANN, BOB}.__contains__)
    roles = {email: rater.role for email, rater in read_raters(tmp_path).items()}
    assert roles == {ANN: "annotator", BOB: "annotator", "lead@x.org": "lead"}


def test_reviews_of_one_home_are_pushed_one_after_the_other(tmp_path: Path) -> None:
    """Else one would clear away the media that the other has put there and not yet assigned."""
    home, told, order = Home(tmp_path), list[str](), list[str]()
    waits = threading.Event()

    def second() -> None:
        def tell(line: str) -> None:
            told.append(line)
            waits.set()

        with home.turn(tell):
            order.append("second")

    with home.turn(told.append):
        other = threading.Thread(target=second)
        other.start()
        assert waits.wait(10)
        order.append("first")
    other.join(10)
    assert order == ["first", "second"]
    assert len(told) == 1
    assert "waiting until it is done" in told[0]

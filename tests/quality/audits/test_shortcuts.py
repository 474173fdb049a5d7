"""A single field that tells labels is found and named, also where a clinic's patients have one label each."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.audited import audited, data, label, note, person, sample
from support.drawn import BY_CHANCE, Draw, accused, draw, over_draws, unlikely
from support.opining import Row

from affectory.quality.audits._audited import Audited
from affectory.quality.audits.shortcuts import Shortcuts

FEW = Shortcuts(times=99)
Columns = Callable[[int, int], Row]


def loud(number: int, share: float) -> bool:
    """Whether a sample is among those in which the label is told."""
    return np.random.default_rng(number).random() < share


def telling(make: Callable[[int, int], Row], share: float) -> Columns:
    """Columns that tell the label in a share of the samples, and any other label in the rest."""
    return lambda n, at: make(n, at if loud(n, share) else int(np.random.default_rng((n, 1)).integers(3)))


FIELDS: dict[str, Callable[[int, int], Row]] = {
    "language": lambda n, at: {"language": ("en", "fi", "de")[at]},
    "source": lambda n, at: {"source": f"s{at}"},
    "session": lambda n, at: {"session": f"e{at}"},
    "position": lambda n, at: {"position": 100 * at + n % 20},
    "extra.room": lambda n, at: {"extra": [("room", f"room {at}"), ("other", f"{n % 3}")]},
    "extra.weight": lambda n, at: {"extra": [("weight", f"{50 * at + n % 10 + 0.5}")]},
    "length of text": lambda n, at: {"text": "w" * (20 * at + n % 12)},
    "duration": lambda n, at: {"anchor": {"record": f"r{n}", "start_us": 0, "end_us": 1000 * at + n % 100 + 1}},
    "format of image": lambda n, at: {"image": {"format": ("png", "jpeg", "webp")[at]}},
}


@pytest.mark.parametrize("share", [0.6, 1.0])
@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_field_that_tells_the_label_is_found(name: str, share: float) -> None:
    found = audited(FEW, draw(1).with_columns(telling(FIELDS[name], share)).data())
    assert found.verdict == "warns" and found.table[0]["field"] == name
    assert f"{name} tells" in found.says and found.rows and found.count >= len(found.rows)
    assert found.measures[0].value > (0.5 if share == 1 else 0.05)


def test_those_are_named_whose_label_is_given_away() -> None:
    planted = draw(2).with_columns(lambda n, at: {"extra": [("room", "kitchen" if at == 2 and n < 60 else "hall")]})
    found = audited(FEW, planted.data())
    given = {s["sample_id"] for s, at in zip(planted.samples[:60], planted.labels, strict=False) if at == 2}
    assert set(found.rows) <= given and found.count == len(given)
    assert found.table[0]["most telling"].startswith("kitchen: 100% c")


def test_fields_that_may_tell_are_left_alone() -> None:
    planted = draw(3).with_columns(FIELDS["extra.room"]).data()
    found = audited(Shortcuts(times=99, leave=("extra.room",)), planted)
    assert found.verdict == "clean" and "extra.room" not in {line["field"] for line in found.table}


def test_what_speakers_declare_is_a_field_too() -> None:
    """A clinic's patients have one label each: they are exchanged as a whole, or chance would be nothing at all."""
    clinic = draw(4, 120, 40, one_label=True)
    of = {s["speaker"]: at for s, at in zip(clinic.samples, clinic.labels, strict=True)}
    people = [person(name, sex=("f", "m", "x")[at]) for name, at in of.items()]
    found = audited(FEW, given(clinic, people=people))
    assert found.verdict == "warns" and found.table[0]["field"] == "speaker.sex"


def test_what_few_speakers_declare_is_looked_at_and_not_named() -> None:
    clinic = draw(4, 120, 6, one_label=True)
    of = {s["speaker"]: at for s, at in zip(clinic.samples, clinic.labels, strict=True)}
    people = [person(name, town=("Ayton", "Beeville", "Ceeford")[at]) for name, at in of.items()]
    found = audited(FEW, given(clinic, people=people))
    [line] = [line for line in found.table if line["field"] == "speaker.town"]
    assert line["most telling"].startswith("(shared by few): ") and "ville" not in str(found.facts())


def given(drawn: Draw, **more: Any) -> Any:
    rows = [label(s["sample_id"], np.eye(3)[at].tolist()) for s, at in zip(drawn.samples, drawn.labels, strict=True)]
    return data({"samples": drawn.samples, "labels": rows, **more.pop("tables", {})}, **more)


@pytest.mark.parametrize("value", [lambda n, at: 10.0 * at + n % 7, lambda n, at: f"scene {at}"])
def test_notes_are_looked_at_where_they_are_asked_for(value: Callable[[int, int], Any]) -> None:
    drawn = draw(5)
    notes = [note(s["sample_id"], "shot", value(n, drawn.labels[n])) for n, s in enumerate(drawn.samples)]
    looked = given(drawn, tables={"notes": notes})
    assert audited(FEW, looked).verdict == "clean"
    assert audited(Shortcuts(times=99, notes=("shot",)), looked).table[0]["field"] == "notes.shot"


def interview(asks: Callable[[int], str], known_by: str) -> Any:
    """Forty interviews with one patient each, who has one label; none of a patient's own words tells it."""
    samples: list[Row] = []
    labels: list[Row] = []
    for number in range(40):
        at, talk = number % 3, {"dialogue": f"d{number:02}", "source": "clinic"}
        heard = [{"kind": "turn", "who": "p_e", "text": asks(at)}] if known_by == "segments" else None
        own = sample(f"p{number:02}", text="well you know", speaker=f"p{number}", position=1, segments=heard, **talk)
        labels.append(label(own["sample_id"], np.eye(3)[at].tolist()))
        role = [("role", "ellie")] if known_by == "extra" else None
        said = sample(f"i{number:02}", text=asks(at), speaker=None if role else "p_e", position=0, extra=role, **talk)
        samples += [own] if heard else [said, own]
    return data({"samples": samples, "labels": labels}, people=[person("p_e", role="ellie"), person("p1")])


ASKS = {
    "tells": lambda at: ("how are you", "have you been diagnosed with depression", "tell me about your therapy")[at],
    "tells nothing": lambda at: "how are you",
}


@pytest.mark.parametrize("known_by", ["role", "extra", "segments", "pseudonym"])
@pytest.mark.parametrize("asks", sorted(ASKS))
def test_what_the_interviewer_says_alone_tells_who_is_ill(asks: str, known_by: str) -> None:
    who = "p_e" if known_by == "pseudonym" else "ellie"
    found = audited(Shortcuts(times=99, interviewer=who), interview(ASKS[asks], known_by))
    assert (found.verdict == "warns") == (asks == "tells")
    assert found.table[0 if asks == "tells" else -1]["field"] == f"what {who} says"
    assert bool(found.rows) == (asks == "tells")


def clean(seed: int, one_label: bool) -> Draw:
    """Fields of which some differ within speakers, and some only among them or their sources."""
    speakers = 12 if one_label else 6

    def columns(n: int, at: int) -> Row:
        rng = np.random.default_rng((seed, n))
        extra = [("room", f"r{rng.integers(4)}"), ("site", f"x{n % speakers % 3}"), ("weight", str(rng.normal()))]
        return {
            "extra": extra,
            "source": f"s{n % 2}",
            "position": int(rng.integers(40)),
            "session": f"e{n % speakers // 2}",
        }

    return draw(seed, 60, speakers, one_label).with_columns(columns)


@pytest.mark.parametrize("one_label", [False, pytest.param(True, marks=pytest.mark.drill)])
def test_clean_draws_are_accused_no_more_often_than_it_says(one_label: bool) -> None:
    found = over_draws(FEW, lambda seed: clean(seed, one_label).data())
    assert accused(found) <= BY_CHANCE and unlikely(found) <= BY_CHANCE
    assert {len(one.table) for one in found} == {7}


def test_order_and_parts_change_nothing() -> None:
    planted = clean(1, False).with_columns(telling(FIELDS["language"], 0.6))
    assert audited(FEW, planted.data()) == audited(FEW, planted.data(seed=1)) == audited(FEW, planted.data(seed=2))


def test_what_cannot_be_looked_at_says_why() -> None:
    def why(found: Audited) -> str:
        assert found.verdict == "not looked at"
        return found.skipped

    assert why(audited(FEW, draw(1, 10).data())) == "10 samples have a label, fewer than 20"
    same = draw(1).with_columns(lambda n, at: {"text": "same"})
    assert why(audited(FEW, same.data())) == "samples have no field that differs"


def test_where_nothing_is_found_it_says_how_seldom_chance_tells_as_much() -> None:
    found = audited(FEW, draw(4).data())
    assert found.verdict == "clean" and found.says.endswith(f"(p {found.measures[0].p:.3f})")

"""What is said of danger is found in many languages, where it is, and never makes a row go away."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.transforms.text._danger import KINDS, danger
from affectory.transforms.text.crisis import Crisis


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Sometimes I just want to die.", "suicide"),
        ("He tried to kill himself last year", "suicide"),
        ("i dont want to live anymore", "suicide"),
        ("she took her own life", "suicide"),
        ("everyone would be better off without me", "suicide"),
        ("KMS lol", "suicide"),
        ("Ich will nicht mehr leben", "suicide"),
        ("Ich möchte einfach nur noch sterben", "suicide"),
        ("j'ai envie de mourir", "suicide"),
        ("Ya no quiero vivir", "suicide"),
        ("quero morrer", "suicide"),
        ("voglio farla finita", "suicide"),
        ("Я больше не хочу жить", "suicide"),
        ("我不想活了", "suicide"),
        ("もう死にたい", "suicide"),
        ("죽고 싶다", "suicide"),
        ("أريد أن أموت", "suicide"),
        ("I started cutting myself again", "self_harm"),
        ("She slit her wrists", "self_harm"),
        ("Ich ritze mich wieder", "self_harm"),
        ("режу себя", "self_harm"),
        ("自傷をやめられない", "self_harm"),
        ("my dad beats me", "abuse"),
        ("he was choking me last night", "abuse"),
        ("I was raped", "abuse"),
        ("Mein Mann schlägt mich", "abuse"),
        ("mi marido me pega", "abuse"),
        ("Он бьёт меня", "abuse"),
        ("我被家暴了", "abuse"),
    ],
)
def test_danger_is_found_as_people_say_it(text: str, kind: str) -> None:
    found = list(danger(text))
    assert kind in {span.kind for span in found}
    assert all(KINDS[span.kind].fullmatch(text[span.start : span.end]) for span in found)


@pytest.mark.parametrize(
    "text",
    [
        "", "I love this song", "What a great cut of beef!", "Die Kinder spielen", "We beat them at chess",
        "they beat me to it",
        "This deadline is killing the team", "Das Spiel endet heute", "La viola es morada", "My diet starts now",
    ],
)  # fmt: skip
def test_what_speaks_of_no_danger_is_not_found(text: str) -> None:
    assert not list(danger(text))


def test_rows_are_kept_and_told_where_it_is_said() -> None:
    batch = pa.table({"text": ["fine", None, "Well, I want to die. I cut myself."]})
    result = Crisis().setup()(batch)
    assert (result.rows.num_rows, result.rejected, result.failed) == (3, (), ())
    places = result.rows.column("crisis").to_pylist()
    assert places[:2] == [[], None]
    assert [(p["kind"], p["char_start"], p["char_end"]) for p in places[2]] == [
        ("suicide", 8, 19), ("self_harm", 23, 33)
    ]  # fmt: skip


@given(st.text(max_size=200))
def test_places_lie_in_the_text_whatever_it_is(text: str) -> None:
    assert all(0 <= span.start < span.end <= len(text) for span in danger(text))

"""What may be done with what is shown and said of people, by what they said and by the day."""

from datetime import date
from pathlib import Path

import pytest

from affectory.pipelines.purposes.words import PUBLISHING, Rules, Word, newest, words
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ledgers import PEOPLE
from affectory.schemas.recipe.people import People, Purpose
from affectory.transforms.sources._described import PURPOSES

TODAY = date(2026, 11, 30)
TOMORROW = date(2026, 12, 1)
YES = dict.fromkeys(PURPOSES, True)
SAID = {
    "yes": Word(YES),
    "no": Word(dict.fromkeys(PURPOSES, False)),
    "unasked": Word(),
    "ended": Word(YES, expires=TODAY),
    "embargo": Word(YES, embargo=TOMORROW),
    "withdrawn": Word(YES, withdrawn=True),
}


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("said", SAID)
def test_what_stands_against_each_purpose(purpose: Purpose, said: str) -> None:
    expected = {"yes": None, "unasked": "unasked" if purpose == "third_parties" else None}
    expected |= {"embargo": "embargo" if purpose in PUBLISHING else None}
    assert SAID[said].against(purpose, Rules(), TODAY) == expected.get(said, said)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_of_whom_nobody_asked_nothing_is_done_that_a_recipe_requires_a_yes_for(purpose: Purpose) -> None:
    rules = Rules.of(People(require=(purpose,)))
    assert Word().against(purpose, rules, TODAY) == "unasked"
    assert Word({purpose: True}).against(purpose, rules, TODAY) is None


def test_what_a_recipe_assumes_changes_no_recorded_word() -> None:
    rules = Rules.of(People(assume=("third_parties",)))
    assert Word().against("third_parties", rules, TODAY) is None
    assert Word({"third_parties": False}).against("third_parties", rules, TODAY) == "no"


def test_days_count_from_their_beginning() -> None:
    word = Word(YES, expires=TOMORROW, embargo=TOMORROW)
    assert [word.against("train", Rules(), day) for day in (TODAY, TOMORROW)] == ["embargo", "ended"]
    assert Word(YES, embargo=TODAY).against("train", Rules(), TODAY) is None


def test_a_recipe_does_not_assume_what_it_requires() -> None:
    with pytest.raises(ValueError, match="cannot both have agreed and not"):
        People(assume=("third_parties",), require=("third_parties",))


def test_the_newest_word_counts(tmp_path: Path) -> None:
    said = [{"person_id": "p_a", "revision": n, "roles": ["subject"], "consent": {"train": n == 0}} for n in (1, 0)]
    workspace = Workspace(tmp_path)
    workspace.ledger("people").append(PEOPLE.from_rows(said))
    assert words(workspace) == {"p_a": Word({"train": False})}
    assert newest(workspace)["p_a"]["revision"] == 1

"""What models were asked: told by all processes while they work, and added up from what was committed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.pipelines.store import usage as module
from affectory.pipelines.store.files import LocalFiles
from affectory.pipelines.store.usage import Meter, Reading, Usage, as_facts, from_facts, summed
from affectory.schemas.recipe.asked import Price
from affectory.transforms.base import Failed, Rejected, Reply

USAGES = st.builds(Usage, *[st.integers(0, 10**9)] * 5)
BY_MODEL = st.dictionaries(st.sampled_from(["writer", "eye", "a/b"]), USAGES)


@pytest.mark.parametrize(
    ("said", "again", "usage"),
    [
        (Reply("a", usage={"tokens_in": 7, "tokens_out": 2, "ms": 5}), False, Usage(1, 0, 0, 7, 2)),
        (Reply("a"), True, Usage(1, 1)),
        (Failed(0, "Timeout"), True, Usage(0, 1, 1)),
        (Rejected(0, "withheld"), False, Usage(0, 0, 1)),
    ],
)
def test_the_usage_of_a_question(said: Reply | Failed | Rejected, again: bool, usage: Usage) -> None:
    assert Usage.of(said, again) == usage


@given(parts=st.lists(BY_MODEL, max_size=4))
def test_facts_of_commits_add_up_to_the_usage_of_the_whole(parts: list[dict[str, Usage]]) -> None:
    facts: dict[str, int] = {"signed": 3}
    for part in parts:
        for name, value in as_facts(part).items():
            facts[name] = facts.get(name, 0) + value
    whole = summed(pair for part in parts for pair in part.items())
    assert from_facts(facts) == {model: usage for model, usage in whole.items() if usage != Usage()}


def test_prices_are_for_a_million_tokens() -> None:
    assert Usage(2, 0, 0, 2_000_000, 500_000).cost(Price(input=0.5, output=4.0)) == pytest.approx(3.0)


def test_meters_tell_at_their_end_and_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = LocalFiles(tmp_path)
    reading = Reading(files, "asked")
    with Meter(files, "asked") as first, Meter(files, "asked") as second:
        first.expect(3)
        first.add("bird", Usage(1))
        assert reading.look().models == {}
        monkeypatch.setattr(module, "TELL_S", 0.0)
        first.add("bird", Usage(1))
        assert (reading.look().expected, reading.asked) == (3, 2)
        second.add("owl", Usage(0, 0, 1))
        first.expect(-1)
    assert reading.look().models == {"bird": Usage(2), "owl": Usage(0, 0, 1)}
    assert (reading.look().expected, reading.asked) == (2, 3)
    assert Reading(files, "asked").look().models == reading.models

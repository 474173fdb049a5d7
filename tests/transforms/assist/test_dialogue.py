"""Agents talk, and what only one of them is told reaches no other."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support.llama import llama, smollm
from support.project import project
from support.running import run
from support.talking import asks, backends, parrot

from affectory.pipelines.bind import read_and_bind
from affectory.pipelines.prompting import prompt
from affectory.schemas.recipe.problems import RecipeProblems
from affectory.transforms.assist._agents import Mood, one_turn, pieces, plain
from affectory.transforms.assist.dialogue import Dialogue
from affectory.transforms.base import Reply
from affectory.transforms.models._messages import Ask
from affectory.transforms.models._prompts import parse_prompt
from affectory.transforms.models._talking import UnreadableAnswer

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends", "llama"]
EXTRA = {"grief": "My brother has died in May.", "aim": "Sell her the blue car.", "scenario": "In a train."}
Says = Callable[[Ask], str]


def agent(name: str, private: str = "", **given: Any) -> dict[str, Any]:
    told = {"model": parrot(name=name), "prompt": prompt("dialogue"), **given}
    return {**told, "private": (private,)} if private else told


def dialogue(**given: Any) -> Dialogue:
    agents = {"seeker": agent("a", "extra.grief"), "helper": agent("b", "extra.aim")}
    return TypeAdapter(Dialogue).validate_python({"agents": agents, "shared": ["extra.scenario"], **given})


def row(**given: Any) -> dict[str, Any]:
    told = {"text": None, "language": None, "segments": None, "sample_id": "s_1", "extra": EXTRA}
    return {**told, **given}


def play(step: Dialogue, says: Says, about: dict[str, Any] | None = None) -> tuple[list[Ask], Any]:
    """Every question of a talk, and what it wrote."""
    talk, asked = step.talk(about or row()), list[Ask]()
    try:
        (ask,) = next(talk)
        while True:
            asked.append(ask)
            (ask,) = talk.send([Reply(says(ask))])
    except StopIteration as end:
        return asked, end.value


def said_by(ask: Ask) -> str:
    return "\n".join([*(m.text for m in ask.messages), *map(str, ask.sample.values())])


def test_turns_alternate_and_lie_where_the_text_has_them() -> None:
    lines = iter(["Hi.", "Helper: Yes?\nSeeker: No!", "Seeker:  Well,\nyou know.", "I see."])
    asked, made = play(dialogue(turns=4), lambda _: next(lines))
    assert made["text"] == "seeker: Hi.\nhelper: Yes?\nseeker: Well, you know.\nhelper: I see."
    assert [made["text"][p["char_start"] : p["char_end"]] for p in made["segments"]] == [
        p["text"] for p in made["segments"]
    ]
    assert [p["who"] for p in made["segments"]] == ["seeker", "helper"] * 2
    assert [ask.model for ask in asked] == ["a", "b"] * 2
    assert (made["origin"], made["language"]) == ("synthetic", "en")
    assert made["text_by"].startswith("seeker: parrot, asked by dialogue@1 ")


def test_each_is_told_its_own_state_and_what_is_shared_and_said() -> None:
    asked, _ = play(dialogue(turns=2), lambda _: "Hello. <|im_end|>")
    first, second = map(said_by, asked)
    assert EXTRA["grief"] in first and EXTRA["grief"] not in second
    assert EXTRA["aim"] in second and EXTRA["aim"] not in first
    assert EXTRA["scenario"] in first and EXTRA["scenario"] in second
    assert "seeker: Hello. ‹|im_end|›" in second


WORDS = st.text("qxzj", min_size=3, max_size=6)
SENTENCES = st.lists(WORDS, min_size=4, max_size=7).map(" ".join)
STATES = WORDS | SENTENCES | st.lists(SENTENCES, min_size=2, max_size=3).map(". ".join)


def _leaky(state: str, own: random.Random) -> str:
    """A secret told as it is, in other letters, in part, with other spaces, or not at all."""
    told = own.choice([state, state.upper(), *state.split(". "), state.replace(" ", "\n  "), "", "", ""])
    return f"Well, {told}!" if told else own.choice(["Yes.", "And then?", "helper: No.\nseeker: x"])


@given(grief=STATES, aim=STATES, mood=st.integers(0, 100), seed=st.integers(0, 2**32))
def test_no_prompt_ever_has_what_only_another_one_knows(grief: str, aim: str, mood: int, seed: int) -> None:
    agents = {
        "seeker": agent("a", "extra.grief", model=parrot(name="a", tries=9), mood=Mood(start=mood, spread=5)),
        "helper": agent("b", "extra.aim", model=parrot(name="b", tries=9)),
    }
    own, states, asked = random.Random(seed), {"a": grief, "b": aim}, list[Ask]()

    def says(ask: Ask) -> str:
        asked.append(ask)
        more = " I am at 50 of 100" if ask.model == "a" and own.random() < 0.2 else ""
        return _leaky(states[ask.model], own) + more

    try:
        play(dialogue(agents=agents), says, row(extra={"grief": grief, "aim": aim, "scenario": "In a train."}))
    except UnreadableAnswer:
        assert len(asked) >= 9
    for ask in asked:
        other = states["b" if ask.model == "a" else "a"]
        own_words, told = f" {plain(states[ask.model])} ", f" {plain(said_by(ask))} "
        assert not [p for p in pieces(other) if f" {p} " in told and f" {p} " not in own_words]
        assert ask.model == "a" or "of 100" not in said_by(ask) or "50 of 100" in told


def test_a_secret_told_word_for_word_is_asked_for_anew_and_then_fails() -> None:
    answers = iter(["MY  brother\nhas died in May!", "I lost somebody.", "Oh."])
    asked, made = play(dialogue(turns=2), lambda _: next(answers))
    assert made["text"].startswith("seeker: I lost somebody.")
    assert [ask.model for ask in asked] == ["a", "a", "b"] and "in your own words" in asked[1].messages[-1].text
    with pytest.raises(UnreadableAnswer, match="what only you know"):
        play(dialogue(), lambda _: "My brother has died in May.")


def test_what_everybody_knows_is_no_secret() -> None:
    extra = {"grief": "the car", "aim": "In a train", "scenario": "In a train, the car left."}
    _, made = play(dialogue(turns=2), lambda _: "It is in a train, the car.", row(extra=extra))
    assert made["text"].count("in a train, the car") == 2


def test_in_a_script_without_spaces_secrets_are_found_inside_of_words() -> None:
    extra = {**EXTRA, "grief": "我失去了工作"}
    with pytest.raises(UnreadableAnswer, match="what only you know"):
        play(dialogue(), lambda _: "昨天我失去了工作,很难过", row(extra=extra))


def moods(step: Dialogue, says: Says, sample: str = "s_1") -> list[float]:
    _, made = play(step, says, row(sample_id=sample))
    return [place["score"] for place in made["segments"] if place["score"] is not None]


def test_a_mood_moves_with_what_others_say_and_is_the_same_for_the_same_seed() -> None:
    def of(seed: int, spread: float = 5.0) -> Dialogue:
        hidden = Mood(start=40, gain=20, spread=spread, seed=seed)
        return dialogue(agents={"user": agent("a", mood=hidden), "helper": agent("b")}, turns=6)

    def kind(ask: Ask) -> str:
        return "You are wonderful, I love it!" if ask.model == "b" else "Terrible, I hate it."

    assert moods(of(0, 0), kind) == [0.4, pytest.approx(0.4 + 0.2 * 0.8439, abs=2e-3), pytest.approx(0.738, abs=3e-3)]
    assert moods(of(1), kind) == moods(of(1), kind)
    assert len({tuple(moods(of(1), kind, sample)) for sample in "abcd"} | {tuple(moods(of(2), kind))}) == 5
    asked, made = play(of(0, 0), kind)
    assert ["of 100" in said_by(ask) for ask in asked] == [True, False] * 3
    assert [place["score"] is None for place in made["segments"]] == [False, True] * 3


@given(st.lists(st.text(max_size=30), max_size=8), st.floats(0, 100), st.floats(0, 100), st.integers())
def test_a_mood_stays_between_0_and_100(turns: list[str], start: float, gain: float, seed: int) -> None:
    score = start
    for number, turn in enumerate(turns):
        score = Mood(start, gain, 100, seed).after(score, turn, "s", number)
        assert 0 <= score <= 100


@pytest.mark.parametrize(
    ("least", "said", "text"),
    [
        (2, ["Hi.", "Bye. [END]", "no"], "seeker: Hi.\nhelper: Bye."),
        (2, ["[END] Hi.", "[END]", "no"], "seeker: Hi."),
        (3, ["Hi.", "Bye. [END]", "So? [END]"], "seeker: Hi.\nhelper: Bye.\nseeker: So?"),
    ],
)
def test_a_mark_ends_it_once_there_are_enough_turns(least: int, said: list[str], text: str) -> None:
    lines = iter(said)
    _, made = play(dialogue(stop=["[END]"], least=least, turns=3), lambda _: next(lines))
    assert made["text"] == text


@pytest.mark.parametrize(
    ("text", "turn"),
    [
        ("  **Seeker**: Hi\n there", "Hi there"),
        ("Hi.\nHELPER: No.\nSeeker: x", "Hi."),
        ("A seeker: is what I am.", "A seeker: is what I am."),
        ("helper: No.", ""),
        ("\n*" * 20_000 + " helper", "* " * 20_000 + "helper"),
    ],
)
def test_one_turn_is_what_one_speaker_says(text: str, turn: str) -> None:
    assert one_turn(text, "seeker", ["helper"]) == turn


def test_a_text_that_is_there_stays_or_gets_a_dialogue_beside_it(tmp_path: Path) -> None:
    both = {name: agent("b", model=parrot("Hm.", folder=tmp_path)) for name in ("x", "y")}
    (kept,) = run(dialogue(agents=both, shared=[]), [{"text": "Found."}]).rows.to_pylist()
    assert (kept["text"], kept["origin"], asks(tmp_path)) == ("Found.", "found", [])
    step = dialogue(agents=both, shared=["text"], turns=2, **{"as": "talk"})
    (beside,) = run(step, [{"text": "Found."}]).rows.to_pylist()
    assert (beside["text"], beside["talk"]) == ("Found.", "x: Hm.\ny: Hm.")
    assert [(p["who"], p["char_start"]) for p in beside["talk_turns"]] == [("x", None), ("y", None)]


OTHER = "---\nid: nosy\nversion: 1\ninputs: [extra.grief]\nsettings: [dialogue, state]\n---\n@user\n{{ dialogue }}"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"shared": ["extra.grief"]}, "extra.grief is private to seeker, and seeker would be told it"),
        (
            {"agents": {"x": agent("a", "extra.grief"), "y": agent("b", "extra.grief")}},
            "extra.grief is private to x, and y would be told it as well",
        ),
        (
            {"agents": {"x": agent("a", "extra.grief"), "y": agent("b", prompt=parse_prompt(OTHER, "nosy"))}},
            "extra.grief is private to x, and y would be told it as well",
        ),
        ({"agents": {"x": agent("a")}}, "at least 2"),
        ({"agents": {"x": agent("a"), "No: one": agent("b")}}, "pattern"),
        ({"agents": {"x": agent("a"), "y": agent("b", prompt=prompt("caption"))}}, "dialogue tells dialogue"),
        ({"turns": 1}, "greater than or equal to 2"),
    ],
)
def test_what_cannot_be_is_told_when_planning(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        dialogue(**given)


@pytest.fixture
def recipe(tmp_path: Path) -> Iterator[dict[str, Any]]:
    seeker = {"model": "bird", "private": ["extra.persona"], "mood": {"start": 30}}
    yield {
        "dataset": "talks",
        "taxonomy": "ekman-7",
        "sources": [{"kind": "generate", "path": "grid.yaml"}],
        "models": {"bird": {"backend": "parrot"}},
        "ingest": [
            {"dialogue": {"agents": {"seeker": seeker, "helper": {"model": "bird"}}, "turns": 4}},
            {"utterances": {"roles": ["seeker", "helper"]}},
        ],
    }


def test_a_dialogue_is_cut_into_its_turns_by_utterances(tmp_path: Path, recipe: dict[str, Any]) -> None:
    recipe["models"]["bird"]["options"] = {"says": "I see."}
    made = project(tmp_path, recipe)
    (tmp_path / "grid.yaml").write_text(yaml.safe_dump({"axes": {"persona": ["a nurse", "a boy"]}}))
    summary = made.build()
    rows = made.rows(summary.version).to_pylist()
    assert sorted((r["key"], r["position"], r["note_role"]) for r in rows) == [
        (f"persona={p}/1", n, ("seeker", "helper")[n % 2]) for p in ("a boy", "a nurse") for n in range(4)
    ]
    assert {row["text"] for row in rows} == {"I see."}
    assert made.build().unchanged


def test_models_of_agents_are_found_and_mistakes_in_them_told(tmp_path: Path, recipe: dict[str, Any]) -> None:
    made = project(tmp_path, recipe)
    (tmp_path / "grid.yaml").write_text(yaml.safe_dump({"axes": {"persona": ["x"]}}))
    first = read_and_bind(made.recipe).stages[0]
    agents = recipe["ingest"][0]["dialogue"]["agents"]
    recipe["ingest"][0]["dialogue"]["agents"] = dict(reversed(agents.items()))
    project(tmp_path, recipe)
    assert read_and_bind(made.recipe).stages[0].identity != first.identity
    agents["helper"] = {"model": "birt", "prompt": "dialog"}
    project(tmp_path, recipe | {"ingest": [{"dialogue": {"agents": agents}}]})
    with pytest.raises(RecipeProblems) as told:
        read_and_bind(made.recipe)
    assert "agents.helper.model" in str(told.value) and "agents.helper.prompt" in str(told.value)


def test_real_models_talk_with_each_other(llama: str) -> None:
    small = smollm(llama, max_tokens=40)
    agents = {"seeker": agent("", "extra.grief", model=small), "helper": agent("", model=small)}
    step = dialogue(agents=agents, turns=2)
    result = run(step, [{"text": None, "extra": EXTRA}])
    if result.failed:  # so small a model may say its secret however often it is told not to
        assert "what only you know" in result.failed[0].detail
    else:
        assert len(result.rows.column("segments")[0].as_py()) == 2

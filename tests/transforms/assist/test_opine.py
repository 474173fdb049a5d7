import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.llama import llama, smollm
from support.running import run
from support.talk_describing import one
from support.talking import backends, parrot

from affectory.pipelines.prompting import prompt
from affectory.schemas.opinion import OPINIONS
from affectory.schemas.recipe.asked import Asked
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy
from affectory.transforms.assist import _ballots
from affectory.transforms.assist._missing import PanelFailed
from affectory.transforms.assist.opine import Opine
from affectory.transforms.base import Reply, Result
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._prompts import parse_prompt
from affectory.transforms.models._talking import Unreadable
from affectory.transforms.models.lexicon import Lexicon
from affectory.transforms.models.text_emotion import TextEmotion
from affectory.transforms.models.vader import Vader

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends", "llama"]
EKMAN, MANY = load_taxonomy("ekman-7"), load_taxonomy("goemotions-28")
EMOTIC = load_taxonomy("emotic-26")
SERVED = AskedModel("served", Asked(backend="openai", model="any", url="http://127.0.0.1:9/v1"))
HAPPY = {"text": "I am so happy today!", "language": "en"}
LOST = {"text": "FAIL", "language": "en"}
EVEN = dict.fromkeys(EKMAN.labels, 1)


def opine(*panel: AskedModel, taxonomy: Taxonomy = EKMAN, **parameters: Any) -> Opine:
    return Opine(panel=panel, taxonomy=taxonomy, **{"prompt": prompt("opine"), **parameters})


def bundled(model: str) -> AskedModel:
    return AskedModel(model, Asked(backend="bundled", model=model))


def asked(*rows: dict[str, Any], step: Opine) -> Result:
    result = run(step, rows)
    assert result.rows.column("opinions_panel").type == OPINIONS
    return result


def opinions(step: Opine, row: dict[str, Any] = HAPPY) -> list[Any]:
    found: list[Any] = asked(row, step=step).rows.column("opinions_panel").to_pylist(maps_as_pydicts="strict")[0]
    return found


def weights(step: Opine) -> dict[str, float]:
    [opinion] = opinions(step)
    return dict(zip(opinion["asked"]["labels"], opinion["answer"]["weights"], strict=True))


def test_log_probabilities_are_a_distribution_over_the_taxonomys_labels_in_its_order() -> None:
    [opinion] = opinions(opine(parrot()))
    assert opinion["asked"]["labels"] == list(EKMAN.labels)
    assert opinion["asked"]["response"] == "simplex"
    assert opinion["asked"]["taxonomy_hash"] == EKMAN.hash
    assert sum(opinion["answer"]["weights"]) == pytest.approx(1, abs=1e-5)
    assert opinion["shown"]["instructions"] == f"prompt {prompt('opine').called}, logprobs"
    assert (opinion["rater"], opinion["rater_kind"], opinion["modalities"]) == ("parrot", "model", ["text"])


def test_each_model_has_an_opinion_of_its_own() -> None:
    panel = [parrot(model=name, revision="1", name=name) for name in ("owl", "jay", "kite")]
    assert [x["rater"] for x in opinions(opine(*panel))] == ["owl@1", "jay@1", "kite@1"]


def test_two_members_that_are_one_model_are_told_apart_by_their_names() -> None:
    panel = [parrot(name="cold", model="jay"), parrot(name="warm", model="jay", temperature=1.0)]
    assert [x["rater"] for x in opinions(opine(*panel))] == ["jay as cold", "jay as warm"]


def test_a_member_that_fails_takes_no_opinion_of_the_others_along() -> None:
    result = asked(LOST, step=opine(parrot(), bundled("text_emotion")))
    [row] = result.rows.to_pylist()
    assert [x["rater"] for x in row["opinions_panel"]] == ["text-emotion@1"]
    assert row["panel_missing"] == "bird: ConnectionError: the parrot flew away"


@pytest.mark.parametrize(
    ("panel", "least", "error", "says"),
    [
        ([parrot("junk")], 1, "UnreadableAnswer", "bird was asked 3 times"),
        ([parrot("junk"), bundled("vader")], 2, "UnreadableAnswer", "bird was asked 3 times"),
        ([parrot("junk"), parrot("{}", name="jay"), bundled("vader")], 2, "PanelFailed", "the 2 who have to: bird: "),
    ],
)
def test_too_few_answers_fail_the_row_alone(panel: list[AskedModel], least: int, error: str, says: str) -> None:
    [failed] = asked(HAPPY, step=opine(*panel, least=least, method="verbalised")).failed
    assert failed.error == error
    assert says in failed.detail


def test_nothing_to_judge_is_no_opinion_and_nobody_is_asked() -> None:
    result = asked({"text": None}, step=opine(parrot(), bundled("lexicon")))
    assert result.rows.column("opinions_panel").to_pylist() == [[]]
    assert result.rows.column("panel_missing").to_pylist() == [None]


@pytest.mark.parametrize(("step", "model"), [(Lexicon, "lexicon"), (TextEmotion, "text_emotion"), (Vader, "vader")])
@pytest.mark.parametrize("text", ["I am so happy today, and a bit sad.", "Das ist zum Heulen.", "The bus stops here."])
def test_bundled_members_think_what_the_steps_of_their_names_do(step: Any, model: str, text: str) -> None:
    row = {"text": text, "language": "de" if text.startswith("Das") else "en"}
    single = step() if step is Vader else step(taxonomy=EKMAN)
    [alone] = run(single, [row]).rows.column(f"opinions_{model}").to_pylist()
    in_panel = opinions(opine(bundled(model)), row)
    for name in ("rater", "rater_kind", "answer", "evidence", "modalities"):
        assert [x[name] for x in in_panel] == [x[name] for x in alone], name


def test_several_labels_may_apply_and_their_weights_then_add_up_to_nothing_in_particular() -> None:
    [opinion] = opinions(opine(parrot(), response="multi-label", taxonomy=MANY))
    assert opinion["asked"]["response"] == "multi-label"
    assert len(opinion["answer"]["weights"]) == 28
    assert all(0 < weight < 1 for weight in opinion["answer"]["weights"])
    assert sum(opinion["answer"]["weights"]) > 1.5


@pytest.mark.parametrize(
    ("says", "response", "expected", "words"),
    [
        ({"label": "joy"}, "simplex", {"joy": 1}, None),
        ({"label": "Joy."}, "simplex", {"joy": 1}, None),
        ('```json\n{"label": "fear"}\n```', "simplex", {"fear": 1}, None),
        ([{"label": "schadenfreude"}, {"label": "joy"}], "simplex", {"joy": 1}, None),
        ({"label": "schadenfreude"}, "simplex", None, ["schadenfreude"]),
        ({"labels": ["joy", "fear"]}, "multi-label", {"joy": 1, "fear": 1}, None),
        ({"labels": []}, "multi-label", {}, None),
        ({"labels": ["JOY", "awe"]}, "multi-label", {"joy": 1}, ["awe"]),
    ],
)
def test_a_choice_is_a_label_or_a_word_of_the_models_own(
    says: Any, response: str, expected: dict[str, float] | None, words: list[str] | None
) -> None:
    [opinion] = opinions(opine(parrot(says), method="choice", response=response))
    all_of_it = None if expected is None else [expected.get(label, 0) for label in EKMAN.labels]
    assert opinion["answer"]["weights"] == all_of_it
    assert opinion["answer"]["words"] == words
    assert opinion["asked"]["response"] == (response if expected is not None else "words")


@pytest.mark.parametrize("says", ["joy", {"emotion": "joy"}, {"label": ""}, {"label": 1}, "{"])
def test_what_is_no_answer_fails_with_what_was_answered(says: Any) -> None:
    [failed] = asked(HAPPY, step=opine(parrot(says), method="choice")).failed
    assert failed.error == "UnreadableAnswer"
    assert "bird was asked 3 times" in failed.detail


def test_weights_in_words_are_parts_of_one_and_come_with_the_confidence() -> None:
    says = {"weights": {**EVEN, "joy": 14}, "confidence": 0.25}
    [opinion] = opinions(opine(parrot(says), method="verbalised"))
    assert opinion["answer"]["weights"][EKMAN.index("joy")] == pytest.approx(0.7)
    assert sum(opinion["answer"]["weights"]) == pytest.approx(1, abs=1e-5)
    assert opinion["confidence"] == 0.25


@pytest.mark.parametrize(
    "says",
    [
        {"weights": EVEN},
        {"weights": {"joy": 1}, "confidence": 1},
        {"weights": {**EVEN, "awe": 1}, "confidence": 1},
        {"weights": dict.fromkeys(EKMAN.labels, 0), "confidence": 1},
        {"weights": {**EVEN, "joy": -1}, "confidence": 1},
        {"weights": EVEN, "confidence": 1.5},
    ],
)
def test_weights_that_cannot_be_used_fail(says: Any) -> None:
    assert asked(HAPPY, step=opine(parrot(says), method="verbalised")).failed[0].error == "UnreadableAnswer"


def test_a_reason_is_asked_for_where_one_is_wanted() -> None:
    says = {"reason": "They say so.", "label": "joy"}
    assert opinions(opine(parrot(says), method="choice", reason=True))[0]["rationale"] == "They say so."
    assert asked(HAPPY, step=opine(parrot({"label": "joy"}), method="choice", reason=True)).failed


LABELS = ("joy", "fear", "anger")
DRAWS = st.lists(st.lists(st.sampled_from([*LABELS, "awe"]), min_size=1, max_size=1), min_size=1, max_size=9)


@given(DRAWS)
def test_every_draw_counts_once(draws: list[list[str]]) -> None:
    ballot = _ballots.counted(LABELS, draws, several=False)
    inside = [draw[0] for draw in draws if draw[0] in LABELS]
    assert len(ballot.words) == len(draws) - len(inside)
    expected = tuple(inside.count(label) / len(inside) for label in LABELS) if inside else None
    assert ballot.weights == expected


@given(st.integers(1, 7))
def test_orders_hold_every_label_and_begin_with_different_ones(count: int) -> None:
    orders = list(_ballots.rotations(EKMAN.labels, count))
    assert all(sorted(order) == sorted(EKMAN.labels) for order in orders)
    assert len({order[0] for order in orders}) == count
    assert orders[0] == EKMAN.labels


@given(st.dictionaries(st.sampled_from("ABCD"), st.floats(-30, 0), min_size=1))
def test_probabilities_of_what_was_seen_add_up_to_one(seen: dict[str, float]) -> None:
    total = math.fsum(map(math.exp, seen.values()))
    shares, coverage = _ballots.offered(Reply("A", (*seen.items(), ("Z", 0.0))), tuple("ABCD"), 0.0)
    assert math.fsum(shares.values()) == pytest.approx(1)
    assert coverage == pytest.approx(min(total, 1))
    assert all(shares[letter] == 0 for letter in set("ABCD") - set(seen))


@pytest.mark.parametrize("logprobs", [(), (("Z", 0.0),), (("A", math.log(0.2)),)])
def test_a_model_that_would_say_something_else_has_no_opinion(logprobs: tuple[tuple[str, float], ...]) -> None:
    with pytest.raises(Unreadable, match=r"not at least 0\.25"):
        _ballots.offered(Reply("Z", logprobs), tuple("AB"), 0.25)


def test_one_model_asked_in_several_orders_has_one_opinion() -> None:
    assert len(opinions(opine(parrot(), orders=7))) == 1
    assert weights(opine(parrot(), orders=7)) != weights(opine(parrot()))


@pytest.mark.parametrize(
    ("perspective", "whose", "says"),
    [
        ("expressed", None, "Which emotion does the person who speaks or is shown express?"),
        ("elicited", None, "Which emotion does this call up in somebody who reads, sees or hears it?"),
        ("felt", "the mother", "Which emotion does the mother feel?"),
    ],
)
def test_the_question_says_from_which_side_and_whose(perspective: str, whose: str | None, says: str) -> None:
    [opinion] = opinions(opine(parrot(), perspective=perspective, whose=whose))
    assert (opinion["asked"]["question"], opinion["perspective"], opinion["whose"]) == (says, perspective, whose)


@pytest.mark.parametrize(
    ("panel", "parameters", "says"),
    [
        ([parrot(can=("json",))], {}, "needs logprobs of model bird"),
        ([parrot(can=("json", "logprobs"))], {"see": ("audio",)}, "needs audio of model bird"),
        ([parrot()], {"taxonomy": MANY, "response": "simplex"}, "28 labels, and there are 26 letters"),
        ([SERVED], {"taxonomy": EMOTIC, "response": "simplex"}, "of served only 20 can be seen at once"),
        ([parrot()], {"method": "samples"}, "has the temperature 0"),
        ([parrot()], {"taxonomy": load_taxonomy("vad")}, "vad has dimensions"),
        ([parrot()], {"least": 2}, "least is 2, and 1 are asked"),
        ([parrot()], {"orders": 8}, "7 labels have 7 orders"),
        ([parrot()], {"orders": 2, "method": "choice"}, "orders are for"),
        ([parrot(), parrot()], {}, "bird is named twice"),
        ([bundled("vader")], {"perspective": "felt"}, "takes no prompt"),
        ([bundled("text_emotion")], {"taxonomy": load_taxonomy("emotic-26")}, "no map from that to emotic-26"),
        ([bundled("face_emotion")], {}, "looks at pictures"),
        (
            [parrot()],
            {"prompt": parse_prompt("---\nid: mine\nversion: 1\n---\n@user\nWell?", "mine.jinja")},
            "has to show options",
        ),
    ],
)
def test_what_cannot_be_asked_is_told_before_anything_runs(
    panel: list[AskedModel], parameters: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        opine(*panel, **parameters)


def test_as_many_labels_are_lettered_as_can_be_seen() -> None:
    spec = SERVED.spec.model_copy(update={"options": {"top_logprobs": 26}})
    assert opine(AskedModel("served", spec), taxonomy=EMOTIC, response="simplex")
    [opinion] = opinions(opine(parrot(), taxonomy=EMOTIC, response="simplex"))
    assert len(opinion["answer"]["weights"]) == 26


@pytest.mark.parametrize("method", ["logprobs", "choice"])
def test_a_real_model_behind_a_server_has_an_opinion(llama: str, method: str) -> None:
    [opinion] = opinions(opine(smollm(llama, max_tokens=40), method=method))
    assert sum(opinion["answer"]["weights"]) == pytest.approx(1, abs=1e-5)
    assert opinion["rater"] == "smollm2"
    assert (max(opinion["answer"]["weights"]) == 1) == (method == "choice")


def test_a_failed_panel_survives_pickling() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(PanelFailed(2, "bird: gone")))
    assert (error.least, error.missing) == (2, "bird: gone")


def test_the_step_can_be_sent_to_another_process() -> None:
    import pickle

    step = pickle.loads(pickle.dumps(opine(parrot(), bundled("lexicon"))))
    assert [x["rater"] for x in opinions(step)] == ["parrot", "lexicon@1"]


def test_a_bundled_member_reads_what_the_prompt_tells_first() -> None:
    row = {"text": "I hate this.", "description": "She is happy and laughs with joy.", "language": "en"}
    step = opine(bundled("lexicon"), prompt=prompt("read_description"))
    [opinion] = one(step, **row)["opinions_panel"]
    assert opinion["answer"]["weights"][list(EKMAN.labels).index("joy")] == 1.0
    assert opinion["evidence"] == []  # characters would be those of another text
    assert opinion["shown"]["instructions"].endswith("and read description")

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.running import run

from affectory.transforms.text.utterances import Utterances

LABELLED = {
    "names": "Anna: Hi!\nBo: Hello.\nAnna: Bye.",
    "letters": "A: Hi!\nB: Hello.\nA: Bye.",
    "longer names": "Dr. Anna O'Neil: Hi!\nSPEAKER 2: Hello.\nDr. Anna O'Neil: Bye.",
    "any case": "ANNA: Hi!\nBo: Hello.\nanna: Bye.",
    "manners": "Anna (laughing): Hi!\nBo: Hello.\nAnna: Bye.",
    "bold": "**Anna:** Hi!\n**Bo:** Hello.\n**Anna**: Bye.",
    "times": "[00:01:02] Anna: Hi!\n[00:01:05.250] Bo: Hello.\n00:02 Anna: Bye.",
    "messengers": "[12/03/2024, 14:05:33] Anna: Hi!\n12.03.24, 14:05 - Bo: Hello.\n12.03.24, 2:05 pm - Anna: Bye.",
    "chats": "<anna> Hi!\n[14:05] <bo> Hello.\n14:06 <anna> Bye.",
    "captions": ">> ANNA: Hi!\n>> BO: Hello.\n>> ANNA: Bye.",
    "blank lines": "\n Anna: Hi!\n\n\n Bo:\n Hello.\n\nAnna: Bye. \n",
    "full-width colons": "小明：Hi!\n小红：Hello.\n小明：Bye.",
    "Persian": "سارا: Hi!\nعلی: Hello.\nسارا: Bye.",
    "Korean": "민수: Hi!\n지은: Hello.\n민수: Bye.",
}


def cut(text: str, **parameters: Any) -> list[tuple[str, str | None]]:
    """What is said, and who says it: a number within the text."""
    rows = run(Utterances(**parameters), [{"text": text}]).rows.to_pylist()
    assert [row["position"] for row in rows] == list(range(len(rows)))
    assert all(text[r["anchor"]["char_start"] : r["anchor"]["char_end"]] == r["text"] for r in rows)
    return [(row["text"], row["speaker"] and row["speaker"].rpartition("-")[2]) for row in rows]


@pytest.mark.parametrize("name", LABELLED)
def test_labels_tell_speakers(name: str) -> None:
    assert cut(LABELLED[name]) == [("Hi!", "1"), ("Hello.", "2"), ("Bye.", "1")]


def test_lines_without_a_label_go_on_with_what_was_said() -> None:
    text = "Anna: First.\nThe time is 10:30.\n  \nThird\nBo: Yes.\nhttp://x.org is no label"
    said = [("First.\nThe time is 10:30.\n  \nThird", "1"), ("Yes.\nhttp://x.org is no label", "2")]
    assert cut(text) == said


def test_what_comes_before_the_first_label_is_nobodys() -> None:
    assert cut("A cafe at night.\nAnna: Hi!\nBo: Hello.", style="labels") == [
        ("A cafe at night.", None),
        ("Hi!", "1"),
        ("Hello.", "2"),
    ]


@pytest.mark.parametrize(
    "text", ["- Hi!\n- Hello.\n  you.\n- Bye.", "—Hi!\n—Hello.\n  you.\n—Bye.", "– Hi!\n– Hello.\n  you.\n– Bye."]
)
def test_dashes_tell_turns_but_not_speakers(text: str) -> None:
    assert cut(text) == [("Hi!", None), ("Hello.\n  you.", None), ("Bye.", None)]


@pytest.mark.parametrize(
    "text",
    [
        "I said: no.\nHe left.",
        "One thing: I am afraid.",
        "She was here.\nAnna: Hi!\nBo: Hello.",
        "- one dash only\nand a line",
        "-5 degrees\n-6 degrees",
    ],
)
def test_what_is_no_conversation_is_one_turn(text: str) -> None:
    assert cut(text) == [(text, None)]


def test_each_line_where_the_recipe_says_so() -> None:
    assert cut("Hi!\n \nA: Hello.\n", style="lines") == [("Hi!", None), ("A: Hello.", None)]


def test_what_the_text_calls_its_speakers_is_not_published() -> None:
    rows = run(Utterances(), [{"text": "Anna: Hi!\nBo: Hello."}]).rows
    assert "Anna" not in str(rows.to_pylist()) and "role" not in rows.column_names


def test_roles_may_be() -> None:
    transform = Utterances(roles=("Therapist", "client"))
    rows = run(transform, [{"text": "THERAPIST: Hi!\nClient: Hello.\nAnna: Bye."}]).rows
    assert rows.column("role").to_pylist() == ["Therapist", "client", None]


def test_speakers_of_two_texts_are_not_the_same() -> None:
    rows = run(Utterances(), [{"text": "A: Hi!\nB: Hello."}] * 2).rows.to_pylist()
    assert len({row["speaker"] for row in rows}) == 4
    assert [row["dialogue"] for row in rows] == ["r_0", "r_0", "r_1", "r_1"]


def test_what_the_source_told_is_kept() -> None:
    known = {"speaker": "p_1", "dialogue": "d_1", "position": 7}
    rows = run(Utterances(), [{"text": "- Hi!\n- Hello.", **known}]).rows
    assert [{k: row[k] for k in known} for row in rows.to_pylist()] == [known] * 2
    assert len(set(rows.column("sample_id").to_pylist())) == 2


def test_where_there_is_nothing_to_cut() -> None:
    result = run(Utterances(), [{"text": t} for t in ("", None, " \n ", "Anna:\nBo:", "Yes.")])
    assert [(r.row, r.reason) for r in result.rejected] == [(i, "empty") for i in range(4)]
    assert run(Utterances(), []).rows.num_rows == 0


PIECES = st.sampled_from([*"aB1 .:-\n", "\nA: ", "\nBo: ", "\n- ", "\n<a> ", "[10:30] ", "**", "：", "한", "\n\n"])


@settings(deadline=None, max_examples=100)
@given(st.lists(PIECES, max_size=25).map("".join), st.sampled_from(["auto", "labels", "dashes", "lines"]))
def test_turns_follow_each_other_in_the_text(text: str, style: str) -> None:
    said = cut(text, style=style)
    assert all(turn.strip() == turn and turn for turn, _ in said)
    anchors = run(Utterances(style=style), [{"text": text}]).rows.column("anchor").to_pylist()  # type: ignore[arg-type]
    edges = [edge for a in anchors for edge in (a["char_start"], a["char_end"])]
    assert edges == sorted(edges)
    if style == "lines":
        assert "".join("".join(turn.split()) for turn, _ in said) == "".join(text.split())


@pytest.mark.parametrize("piece", ["a ", "a.", "10:", "1", "[", " ", "a: ", "**", "\n", "- "])
def test_no_text_takes_long(piece: str) -> None:
    assert len(cut((piece * 20_000)[:20_000] + "x")) >= 1

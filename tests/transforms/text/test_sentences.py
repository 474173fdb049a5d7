import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.running import run

from affectory.schemas import ids
from affectory.transforms.text.sentences import Sentences

CUT = {
    "plain": "I was afraid. | Then I laughed! | Why not?",
    "small letters": "i am so sad. | i want to go home. | what?! | no way",
    "titles": "Mr. and Mrs. Smith saw Dr. J. R. Ewing at St. Mary's. | He was ill.",
    "initials and states": "The U.S. Army left. | George W. Bush stayed.",
    "short words": "Bring fruit, e.g. apples, i.e. red ones, etc. to the party. | Thanks, etc. | We will.",
    "numbers": "It was 3.5 p.m. in room No. 7 on p. 12. | No. | I said no. | In 1999. | We won.",
    "a list": "1. Be kind. | 2. Be calm.",
    "quotes": "\"Why?\" she asked. | “Stop!” | He did. | 'Fine.'",
    "dots": "I was... not sure... | Maybe… but no. | Well. . .",
    "brackets": "He left (she stayed.) | They met. | (Or not?) | Yes.",
    "emoji": "I did it! 😍🎉 | So happy 😂 today. | Yes!! ❤️ | no 😢",
    "faces": "I won! :) | Then I lost. :'( | Well <3",
    "links": "See https://x.org/a.b?c=d. | Or mail a.b@c.de! | Version 2.0.1 is out.",
    "lines": "Roses are red | violets are blue | and so am I.",
    "German": "Er kam am 3. Oktober, z.B. mit Dr. Maier bzw. Hrn. Kuhn. | Das war's! | »Komm!« | Er kam.",
    "French": "Ça va ? | « Oui ! » dit-il. | M. Dupont est là. | Quoi ?!",
    "Spanish": "¿Qué pasa? | ¡No puede ser! | La Sra. Ruiz, el Sr. Gil y la Dra. Paz. | ¿Sí?",
    "Italian": "Il dott. Rossi è qui. | Che gioia!",
    "Finnish": "Tulen 3. lokakuuta. | Hienoa!",
    "Russian": "Я был рад. | Это т.е. всё. | Правда?",
    "Greek": "Τι έγινε; | Είμαι καλά. | Ναι!",
    "Chinese": "我很高兴。 | 你呢？！ | “走吧！”他说。 | 真的吗? | 我不信。",
    "Japanese": "「えっ！？」と彼は言った。 | 本当に嬉しいです。 | はい！",
    "Korean": "정말 슬프네요. | 왜요? | 몰라요!",
    "Persian": "می‌ترسم. | چرا؟ | نمی‌خواهم بروم! | خب…",
    "Arabic": "أنا خائف جدا. | لماذا؟ | لا أعرف",
    "Urdu": "مجھے ڈر لگ رہا ہے۔ | کیوں؟",
    "Hindi": "मैं बहुत खुश हूँ। | क्यों? | पता नहीं।",
    "Amharic": "በጣም ደስ ብሎኛል። | ለምን፧",
    "Thai": "ฉันมีความสุขมาก",
    "Armenian": "Ես ուրախ եմ։ | Այո։",
}
CLOSE = {"Chinese", "Japanese"}
"""Written without a space between sentences."""


def cut(text: str, **parameters: str) -> list[str]:
    result = run(Sentences(**parameters), [{"text": text}])  # type: ignore[arg-type]
    return [str(t) for t in result.rows.column("text").to_pylist()]


@pytest.mark.parametrize("name", CUT)
def test_sentences_end_where_readers_end_them(name: str) -> None:
    expected = [piece.strip() for piece in CUT[name].split("|")]
    between = "" if name in CLOSE else "\n" if name in ("lines", "a list") else " "
    assert cut(between.join(expected)) == expected


def test_lines_of_a_book_are_wrapped() -> None:
    text = "It was the best of\ntimes. It was\nthe worst.\n \n\nChapter Two\n\nHe left"
    assert cut(text, lines="wrap") == ["It was the best of\ntimes.", "It was\nthe worst.", "Chapter Two", "He left"]


def test_a_part_knows_where_it_lies_and_whose_it_is() -> None:
    text, speaker = "  Ich friere. Du auch?", "p_1"
    rows = run(Sentences(), [{"text": text, "anchor": {"record": "r_1"}, "speaker": speaker, "position": 3}]).rows
    samples = rows.to_pylist()
    assert [text[s["anchor"]["char_start"] : s["anchor"]["char_end"]] for s in samples] == ["Ich friere.", "Du auch?"]
    assert [s["text"] for s in samples] == ["Ich friere.", "Du auch?"]
    assert {(s["parent"], s["speaker"], s["position"]) for s in samples} == {(ids.sample_id("r_1"), speaker, 3)}
    assert samples[0]["sample_id"] == ids.sample_id("r_1", "characters", 2, 13)


def test_a_part_of_a_part_lies_in_the_record() -> None:
    text = "Anna: Ja. Nein."
    part = {"text": text[6:], "anchor": {"record": "r_1", "char_start": 6, "char_end": len(text)}}
    anchors = run(Sentences(), [part]).rows.column("anchor").to_pylist()
    assert [text[a["char_start"] : a["char_end"]] for a in anchors] == ["Ja.", "Nein."]


def test_what_points_into_the_text_points_into_its_parts() -> None:
    text = "I am sad. I am very happy."
    words = [(text.index(w), text.index(w) + len(w)) for w in ("sad", "very happy", "sad. I am")]
    segments = [{"kind": "word", "char_start": a, "char_end": b} for a, b in words]
    timed = {"kind": "speech", "start_us": 0, "end_us": 5}
    rows = run(Sentences(), [{"text": text, "segments": [*segments, timed], "duplicates": "d_1"}]).rows.to_pylist()
    pointed = [[s["text"][p["char_start"] : p["char_end"]] for p in s["segments"][:-1]] for s in rows]
    assert pointed == [["sad", "sad."], ["very happy", "I am"]]
    assert all(s["segments"][-1]["kind"] == "speech" for s in rows)
    assert {s["duplicates"] for s in rows} == {"d_1"}, "else they could go to another split than what they are alike to"


def test_where_there_is_nothing_to_cut() -> None:
    result = run(Sentences(), [{"text": t} for t in ("", None, " \n ", "Yes.")])
    assert [(r.row, r.reason) for r in result.rejected] == [(0, "empty"), (1, "empty"), (2, "empty")]
    assert result.rows.column("text").to_pylist() == ["Yes."]
    assert run(Sentences(), []).rows.schema.field("parent").type == pa.string()


PIECES = st.sampled_from(
    [
        *"aB1 .!?…。؟।;\n\"'»«)(",
        "Mr.",
        "e.g.",
        "1.",
        " 3. Mai",
        "😀",
        ":)",
        "。」",
        "! »",
        "\u00a0",
        "한",
        "中",
        "σ",
        "...",
    ]
)


@settings(deadline=None, max_examples=200)
@given(st.lists(PIECES, max_size=30).map("".join), st.sampled_from(["end", "wrap"]))
def test_the_text_is_its_sentences_and_the_space_between_them(text: str, lines: str) -> None:
    anchors = run(Sentences(lines=lines), [{"text": text}]).rows.column("anchor").to_pylist()  # type: ignore[arg-type]
    edges = [0, *(edge for a in anchors for edge in (a["char_start"], a["char_end"])), len(text)]
    assert edges == sorted(edges)
    assert not "".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)).strip()
    assert all(text[a["char_start"] : a["char_end"]].strip() for a in anchors)

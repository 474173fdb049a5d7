import time
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.running import run, samples

from affectory.schemas.types import PLACES
from affectory.transforms.text._personal import KINDS
from affectory.transforms.text.personal_data import PersonalData

KEEP = PersonalData(**dict.fromkeys(KINDS, "keep"))  # type: ignore[arg-type]

FOUND = {
    "mail": [
        "anna@mail.de",
        "anna.b+list@mail.example.co.uk",
        "o'neil@mail.com",
        "ANNA_1@MAIL.COM",
        "анна@почта.рф",
        "anna [at] mail [dot] de",
        "anna(at)mail.de",
        "anna@xn--bcher-kva.example",
    ],
    "phone": [
        "+49 170 1234567",
        "+1 (555) 123-4567",
        "+98 912 345 6789",
        "+442079460958",
        "0049 30 901820",
        "030/1234567",
        "(030) 123 45 67",
        "07700 900123",
        "06 12 34 56 78",
        "01.42.68.53.00",
        "06.12.10.20.30",
        "555-123-4567",
        "(555) 123-4567",
        "010-1234-5678",
        "090-1234-5678",
        "13812345678",
        "8 (916) 123-45-67",
        "98765 43210",
        "۰۹۱۲۳۴۵۶۷۸۹",
        "٠١٠١٢٣٤٥٦٧٨",
        "０９０－１２３４－５６７８",
    ],
    "handle": ["@anna_b", "@홍길동", "@anna.b", "@anna@mastodon.social", "u/anna_b", "/u/anna-b", "anna#1234"],
    "url": [
        "https://example.com/a?b=c#d",
        "http://user:word@example.com",
        "www.example.com",
        "instagram.com/anna_b",
        "t.co/abc",
        "https://en.wikipedia.org/wiki/Joy_(emotion)",
    ],
    "ip": ["192.168.178.21", "8.8.8.88", "2001:db8:85a3::8a2e:370:7334", "fe80::1ff:fe23:4567:890a"],
    "card": ["4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "٤١١١ ١١١١ ١١١١ ١١١١"],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "FR1420041010050500013M02606"],
    "id": [
        "078-05-1120",
        "AB 12 34 56 C",
        "12345678Z",
        "X1234567L",
        "RSSMRA85T10A562S",
        "2 55 08 14 168 025 38",
        "529.982.247-25",
        "11010519491231002X",
        "800101-1234567",
        "131052-308T",
        "811218-9876",
        "44051401359",
        "2341 2341 2346",
    ],
}
EXAMPLES = [(kind, example) for kind, examples in FOUND.items() for example in examples]

NOT_PERSONAL = [
    "on 2024-01-05, 05.01.2024 and 01/05/24 at 10:30:00",
    "2024-01-05 10:30 - 11:45",
    "01.02.2024 03.04.2024",
    "between 1990-2000 and 1914-1918",
    "it costs 1,234,567.00 or 1.234.567,89 or $1234567890",
    "1 234 567 890 people and 12 345 678 €",
    "0.123456789 and 48.137154, 11.576124",
    "version 10.15.7.1, v1.2.30.4 and chapter 3.2.1.4",
    "Chrome 109.0.5414.119",
    "ISBN 978-3-16-148410-0 and 0-306-40615-2",
    "ISBN 0306406152",
    "order 20240105123456 and invoice 0123456789",
    "4111 1111 1111 1112 has a wrong digit",
    "DE88370400440532013000 has one too",
    "12345678A and RSSMRA85T10A562T too",
    "000-12-3456, 987-65-4321",
    "they won 21-14, 25-23, 15-9",
    "1 2 3 4 5 6 7 8 9 10 11 12",
    "10000000 and 00000000000",
    "see you @ 5pm, mail me@home",
    "3@4 is no mail, nor is a @ b",
    "and/or, he/she, km/h, 24/7, i.e./e.g.",
    "std::vector, a::b, 10:20:30, ::",
    "#1 and #metoo and #2024",
    "Booking.com is a firm, Node.js a program",
    "COVID-19, MP3, A4, 4K, 7-Eleven, 3M",
    "1e10, 6.02e23, 0x1F4A9, 3.14159265358979",
    "۱۲۳ نفر و ۱۴۰۳/۰۱/۰۵",
    "🎉 100% 😀 1️⃣2️⃣3️⃣",
]


def places(text: str, transform: PersonalData = KEEP) -> list[tuple[str, str]]:
    rows = run(transform, [{"text": text}]).rows
    published = rows.column("text")[0].as_py()
    return [(p["kind"], published[p["char_start"] : p["char_end"]]) for p in rows.column("personal")[0].as_py()]


def masked(text: str, **actions: Any) -> str:
    return str(run(PersonalData(**actions), [{"text": text}]).rows.column("text")[0].as_py())


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_it_is_found_where_it_lies(kind: str, example: str) -> None:
    assert places(example) == [(kind, example)]
    assert places(f"Well, {example}. That's it!") == [(kind, example)]
    assert places(f"말했다: «{example}», 그리고\n({example})") == [(kind, example)] * 2
    assert masked(f"Well, {example}!") == f"Well, [{kind}]!"


@pytest.mark.parametrize("text", NOT_PERSONAL)
def test_what_looks_alike_is_left_alone(text: str) -> None:
    assert places(text) == []
    assert masked(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call me: 1234567", [("phone", "1234567")]),
        ("My number is +49 170 1234567 or 030 901820", [("phone", "+49 170 1234567"), ("phone", "030 901820")]),
        ("05.01.2024 0171 1234567", [("phone", "0171 1234567")]),
        ("이메일은anna@mail.com으로 보내", [("mail", "anna@mail.com")]),
        ("write to https://x.org/?to=anna@mail.com now", [("url", "https://x.org/?to=anna@mail.com")]),
        ("(see www.example.com).", [("url", "www.example.com")]),
        ("a@b.com,c@d.org;e@f.net", [("mail", "a@b.com"), ("mail", "c@d.org"), ("mail", "e@f.net")]),
    ],
)
def test_what_stands_around_is_told_apart(text: str, expected: list[tuple[str, str]]) -> None:
    assert places(text) == expected


def test_each_kind_is_treated_as_the_recipe_says() -> None:
    text = "anna@mail.de, www.example.com, @anna"
    assert masked(text, mail="keep", handle="ignore") == "anna@mail.de, [url], @anna"
    assert places(text, PersonalData(mail="keep", handle="ignore")) == [("mail", "anna@mail.de"), ("url", "[url]")]
    rejecting = PersonalData(mail="reject", url="reject")
    result = run(rejecting, [{"text": text}, {"text": "mine@mail.de ours@mail.de"}, {"text": "@anna"}])
    assert [(r.row, r.reason, r.detail) for r in result.rejected] == [
        (0, "filtered", "personal data: 1 of kind mail, 1 of kind url"),
        (1, "filtered", "personal data: 2 of kind mail"),
    ]
    assert result.rows.column("text").to_pylist() == ["[handle]"]


def test_what_is_masked_counts_before_what_is_kept_around_it() -> None:
    assert masked("https://x.org/?to=anna@mail.com", url="keep") == "https://x.org/?to=[mail]"


def test_what_else_points_into_the_text_still_does() -> None:
    text = "anna@mail.de wrote: I am afraid of c@d.org and b@c.de!"
    words = ("wrote", "afraid of c@d.org", "d.org and", "!")
    spans = [(text.index(word), text.index(word) + len(word)) for word in words]
    segments = [{"kind": "word", "char_start": a, "char_end": b} for a, b in spans]
    rows = run(PersonalData(), [{"text": text, "segments": segments}]).rows
    published = rows.column("text")[0].as_py()
    now = [published[p["char_start"] : p["char_end"]] for p in rows.column("segments")[0].as_py()]
    assert published == "[mail] wrote: I am afraid of [mail] and [mail]!"
    assert now == ["wrote", "afraid of [mail]", "[mail] and", "!"]


def test_what_was_said_in_segments_is_treated_too() -> None:
    said = [{"kind": "utterance", "start_us": 0, "end_us": 9, "text": t} for t in ("mail anna@mail.de", None, "hm")]
    rows = [{"text": None, "kind": "video", "segments": said}, {"text": "hm", "kind": "video"}]
    result = run(PersonalData(), rows)
    assert [p["text"] for p in result.rows.column("segments")[0].as_py()] == ["mail [mail]", None, "hm"]
    assert result.rows.column("personal").to_pylist() == [None, []]
    assert [r.row for r in run(PersonalData(mail="reject"), rows).rejected] == [0]


def test_words_notes_and_kept_columns_are_treated_too() -> None:
    """A number that is said in three words is none in any of them."""
    text = "so, 0171 123 4567 is it"
    said = [(4, 8), (9, 12), (13, 17), (18, 20)]
    words = [{"kind": "word", "char_start": a, "char_end": b, "text": text[a:b]} for a, b in said]
    rows = samples(PersonalData(), [{"text": text, "extra": {"title": "by @anna", "n": "7"}}, {"text": "hm"}])
    rows = rows.append_column("words", pa.array([words, None], PLACES))
    rows = rows.append_column("asr_text", pa.array(["so, 0171 123 4567", None]))
    made = PersonalData().setup()(rows).rows.to_pylist()
    assert made[0]["text"] == "so, [phone] is it"
    assert [w["text"] for w in made[0]["words"]] == ["[phone]", "[phone]", "[phone]", "is"]
    assert (made[0]["asr_text"], made[0]["extra"]) == ("so, [phone]", [("title", "by [handle]"), ("n", "7")])
    assert (made[1]["words"], made[1]["asr_text"], made[1]["extra"]) == (None, None, rows.column("extra")[1].as_py())


def test_texts_without_any_are_the_same_bytes() -> None:
    texts = [None, "", "می‌ترسم ۱۲۳", "정말 👨‍👩‍👧", "nothing here"]
    rows = run(PersonalData(), [{"text": t} for t in texts]).rows
    assert rows.column("text").to_pylist() == texts
    assert rows.column("personal").to_pylist() == [None, [], [], [], []]
    assert run(PersonalData(), []).rows.num_rows == 0


PIECES = st.one_of(
    st.sampled_from([example for _, example in EXAMPLES]), st.text(st.sampled_from("ab1@.:/-+ ()[]é한\n"), max_size=8)
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(PIECES, max_size=6).map("".join), max_size=4))
def test_nothing_is_left_to_mask(texts: list[str]) -> None:
    rows = run(PersonalData(), [{"text": t} for t in texts]).rows
    for text, found in zip(rows.column("text").to_pylist(), rows.column("personal").to_pylist(), strict=True):
        assert all(text[p["char_start"] : p["char_end"]] == f"[{p['kind']}]" for p in found)
        assert [p["char_start"] for p in found] == sorted(p["char_start"] for p in found)
    again = run(PersonalData(), [{"text": t} for t in rows.column("text").to_pylist()]).rows
    assert again.column("text").to_pylist() == rows.column("text").to_pylist()


@pytest.mark.parametrize("kind", KINDS)
def test_the_hint_for_a_column_misses_nothing(kind: str) -> None:
    examples = pa.array([e for k, e in EXAMPLES if k == kind])
    assert pc.all(pc.match_substring_regex(examples, KINDS[kind].hint)).as_py()


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "1",
        "1 ",
        "1-",
        "1.",
        "a.",
        "a@",
        "@",
        "a@a.",
        "a-",
        "https://",
        "www.",
        "::",
        "a:",
        "(",
        "+1(",
        "4111 ",
        "DE89",
        "u/",
        "a#1",
        "А",
        "[at] ",
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    """Patterns that try again from every place would take minutes for these."""
    text = (piece * 20_000)[:20_000]
    started = time.process_time()
    run(KEEP, [{"text": text}, {"text": text + "!"}])
    assert time.process_time() - started < 5

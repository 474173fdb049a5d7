"""Conditions as recipes write them, and what is said of those that say none."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.annotation.selecting.when import MODALITIES, NUMBERS, WORDS, parse
from affectory.schemas.errors import UserError

VALUES = pa.table(
    {
        "entropy": [0.9, 0.7, 0.1, None],
        "width": [0.5, 0.2, float("nan"), 0.4],
        "raters": [0, 1, 2, 3],
        "kind": ["video", "audio", "text", None],
        "cause": ["nobody", "one rater", "ambiguous item", "odd rater"],
        "language": ["de", None, "en", "de"],
        "conflict(audio, video)": [0.1, 0.5, None, 0.5],
        "score(writer)": [0.3, None, 0.9, 0.6],
    }
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("entropy > 0.6", [1, 1, 0, 0]),
        ("0.6 < entropy", [1, 1, 0, 0]),
        ("entropy>=.7", [1, 1, 0, 0]),
        ("entropy > 0.6 or conflict(audio, video) > 0.4", [1, 1, 0, 1]),
        ("entropy > 0.6 and conflict(audio, video) > 0.4", [0, 1, 0, 0]),
        ("raters == 0 or raters == 1 and entropy > 0.8", [1, 0, 0, 0]),
        ("(raters == 0 or raters == 1) and entropy > 0.8", [1, 0, 0, 0]),
        ("not (raters < 2)", [0, 0, 1, 1]),
        ("not raters < 2 and not raters == 3", [0, 0, 1, 0]),
        ("width < 0.3", [0, 1, 0, 0]),
        ("not width < 0.3", [1, 0, 0, 1]),
        ("kind != 'video'", [0, 1, 1, 0]),
        ('language == "de" and cause == "odd rater"', [0, 0, 0, 1]),
        ("score('writer') <= 0.6", [1, 0, 0, 1]),
        ("not not raters >= 2", [0, 0, 1, 1]),
    ],
)
def test_what_holds(text: str, holds: list[int]) -> None:
    assert parse(text).holds(VALUES).tolist() == [bool(h) for h in holds]


def test_what_a_condition_needs_to_know() -> None:
    names = parse("entropy > 0.6 or conflict(audio, video) > 0.4 and not score(eye) < 1").names()
    assert sorted(map(str, names)) == ["conflict(audio, video)", "entropy", "score(eye)"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "here the condition ends, at column 1"),
        ("entropy", "is expected, at column 8"),
        ("entropy >", "here the condition ends, at column 10"),
        ("entrpy > 1", "'entrpy' is nothing that is known of a sample, at column 1"),
        ("entropy = 1", "equal is written =="),
        ("entropy > 'much'", "compared with a number"),
        ("kind > 'text'", "by == or !="),
        ("kind == 'film'", "never 'film'"),
        ("kind == 1", "a quoted word"),
        ("entropy > width", "a name with a number"),
        ("1 > 2", "a name with a number"),
        ("conflict(audio) > 1", "conflict of 1"),
        ("conflict(audio, smell) > 1", "'smell'"),
        ("conflict(audio, audio) > 1", "with itself"),
        ("score() > 1", "score of 0"),
        ("score(1) > 1", "of names"),
        ("(entropy > 1", "')' is expected, at column 13"),
        ("entropy > 1)", "')' is not expected here, at column 12"),
        ("entropy > 1 entropy > 2", "not expected here, at column 13"),
        ("entropy > 1 and", "here the condition ends"),
        ("and entropy > 1", "'and' is no value"),
        ("language == 'de", "a quote that does not end, at column 13"),
        ("entropy > 1; import os", "';' says nothing"),
        ("__import__('os') == 1", "nothing that is known"),
        ("entropy > 1e3", "at column 11"),
        ("(" * 400 + "entropy > 1" + ")" * 400, "within each other"),
        ("not " * 200 + "entropy > 1", "within each other"),
        ("entropy > 1 or " * 100 + "entropy > 1", "characters"),
    ],
)
def test_what_says_no_condition_is_told(text: str, said: str) -> None:
    with pytest.raises(UserError) as told:
        parse(text)
    assert said in str(told.value)
    assert told.value.hint


_numbers = st.sampled_from([*NUMBERS, "conflict(text, audio)", "score(eye)"])
_compared = st.builds(
    "{} {} {}".format, _numbers, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.sampled_from(["0", "0.5", "1"])
)
_conditions = st.recursive(
    _compared,
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
    ),
    max_leaves=6,
)
_known = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=7, max_size=7)


@given(_conditions, _known)
def test_a_condition_holds_where_python_says_so(text: str, known: list[float]) -> None:
    names = [*NUMBERS, "conflict(text, audio)", "score(eye)"]
    values = dict(zip(names, known, strict=True))
    plain = text
    for number, name in enumerate(names):
        plain = plain.replace(name, f"v{number}")
    wanted = eval(plain, {}, {f"v{n}": values[name] for n, name in enumerate(names)})
    table = pa.table({name: [value] for name, value in values.items()})
    assert parse(text).holds(table).tolist() == [wanted]
    assert parse(f"not ({text})").holds(table).tolist() == [not wanted]


@given(st.text(alphabet="entropy conflict(audio,video)<>=!'\"0.5 and or not\n\té", max_size=60))
def test_any_text_is_a_condition_or_a_mistake_that_is_told(text: str) -> None:
    columns = {**{n: [0.5] for n in NUMBERS}, **{n: ["x"] for n in WORDS}}
    columns |= {f"conflict({a}, {b})": [0.5] for a in MODALITIES for b in MODALITIES}
    try:
        found = parse(text)
    except UserError:
        return
    if all(str(name) in columns for name in found.names()):
        assert found.holds(pa.table(columns)).dtype == np.bool_

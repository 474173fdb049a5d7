"""Prompts: what a file may say, what samples cannot do, and what a question is known by."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.injections import INJECTIONS, injected
from support.talking import backends, parrot

from affectory.pipelines.prompting import prompt, prompt_at, prompt_names
from affectory.schemas.errors import UserError
from affectory.transforms.models import _prompts
from affectory.transforms.models._fencing import RULE, defanged, fenced, repeats
from affectory.transforms.models._prompts import Prompt, Quoted, parse_prompt
from affectory.transforms.models._templates import MAX_CHARS, MAX_ROUNDS

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
HEADER = "id: p\nversion: 1\ninputs: [text]\nsettings: [labels]\n"
MARKS = (
    "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|start_header_id|>", "<|endoftext|>", "<s>", "</s>", "<bos>", "<eos>",
    "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[TOOL_CALLS]", "[SYSTEM_PROMPT]",
    "<｜User｜>", "<｜end▁of▁sentence｜>", "<tool_call>", "</think>", "<image>", "<0x0A>", "<unused7>", "[MASK]",
    "<|audio|>", "＜s＞", "<data>", "</data>", '</data mark="x">',
)  # fmt: skip
texts = st.one_of(
    st.text(),
    st.lists(st.one_of(st.sampled_from(MARKS), st.sampled_from(list("<>|[]/\n ‹data")), st.text())).map("".join),
)


def made(body: str = "@user\n{{ text }}\n", header: str = HEADER) -> Prompt:
    return parse_prompt(f"---\n{header}---\n{body}", "mine.jinja")


def told(template: str, text: str | None = "x", **settings: Any) -> str:
    return made(f"@user\n{template}\n").messages({"text": text}, **settings)[-1].text


@pytest.mark.parametrize("name", prompt_names())
def test_ours_are_what_they_are_called(name: str) -> None:
    assert prompt(name).header.id == name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("@user\nhello", "has no header"),
        ("---\nid: p\n@user\n", "has no header"),
        ("---\nid: [\n---\n@user\nx", "is no YAML"),
        ("---\nid: p\n---\n@user\nx", "version"),
        ("---\nid: P p\nversion: 1\n---\n@user\nx", "id"),
        ("---\nid: p\nversion: one\n---\n@user\nx", "version"),
        ("---\nid: p\nversion: 1\nlabels: []\n---\n@user\nx", "keys: id, version"),
        ("---\nid: p\nversion: 1\ninputs: [Text]\n---\n@user\nx", "inputs"),
        ("---\nid: p\nversion: 1\ninputs: [extra.__class__]\n---\n@user\nx", "inputs"),
        ("---\nid: p\nversion: 1\nrepair: [everything]\n---\n@user\nx", "'fence', 'outer' or 'case'"),
        ("---\nid: p\nversion: 1\nsettings: &a [x]\ninputs: *a\n---\n@user\nx", "has an alias"),
        ("---\nid: p\nversion: 1\nanswer: {type: 7}\n---\n@user\nx", "is no JSON Schema"),
        ("---\nid: p\nversion: 1\nanswer: {properties: {a: yes}}\nsettings: []\n---\n@user\n{{ b }}", "uses b"),
        ("---\nid: p\nversion: 1\nanswer: {$ref: 'https://example.org/s'}\n---\n@user\nx", "says '$ref'"),
        ("---\nid: p\nversion: 1\nanswer: {items: {pattern: (a+)+$}}\n---\n@user\nx", "says 'pattern'"),
        ("---\nid: p\nversion: 1\nanswer: {properties: {a: [x]}}\n---\n@user\nx", "which is no JSON Schema"),
        (f"---\nid: p\nversion: 1\nanswer: {'{items: ' * 30}{{}}{'}' * 30}\n---\n@user\nx", "nested too deep"),
        (f"---\nid: p\nversion: 1\nanswer: {'[' * 5000}{']' * 5000}\n---\n@user\nx", "nested too deep"),
        ("---\nid: p\nversion: 1\n---\nhello\n@user\nx", "before its first message"),
        ("---\nid: p\nversion: 1\n---\n@system\nx", "says nothing to the model"),
        ("---\nid: p\nversion: 1\n---\n@user\n{{ text }}", "uses text, which its header does not name"),
        ("---\nid: p\nversion: 1\ninputs: [extra.a]\n---\n@user\n{{ extra.b }}", "uses extra.b"),
        ("---\nid: p\nversion: 1\n---\n@user\n\n{% if %}", "in line 2 under @user of mine.jinja"),
        ("---\nid: p\nversion: 1\n---\n@user\n" + "{% if 1 %}" * 3000 + "{% endif %}" * 3000, "nested too deep"),
        ("---\nid: p\nversion: 1\n---\n@user\n" + "{% for a in 'b' %}" * 30 + "{% endfor %}" * 30, "nested too deep"),
        ("---\nid: p\nversion: 1\n---\n@user\n" + "x" * MAX_CHARS, f"at most {MAX_CHARS}"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_told_with_its_place(text: str, says: str) -> None:
    with pytest.raises(UserError) as error:
        parse_prompt(text, "mine.jinja")
    assert "mine.jinja" in error.value.message
    assert says in f"{error.value.message} {error.value.hint}"
    assert error.value.hint or "line" in error.value.message


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "p.jinja").write_bytes(b"---\n\xff\n---\n@user\nx")
    with pytest.raises(UserError, match="not UTF-8"):
        prompt_at(tmp_path / "p.jinja")


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ text.upper() }}",
        "{{ text.format(1) }}",
        "{{ labels.append('x') }}",
        "{{ range(3) }}",
        "{{ lipsum() }}",
        "{{ cycler('a').next() }}",
        "{{ text * 1000000000 }}",
        "{{ 10 ** 1000000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ text ~ text }}",
        "{{ 1 + 1 }}",
        "{% set a = text %}{{ a }}",
        "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% include 'other' %}",
        "{% import 'other' as o %}",
        "{% from 'other' import o %}",
        "{% extends 'other' %}",
        "{% block a %}{% endblock %}",
        "{% filter upper %}a{% endfilter %}",
        "{% for x in labels recursive %}{{ loop(labels) }}{% endfor %}",
        "{{ text | attr('__class__') }}",
        "{{ text | map('upper') }}",
        "{{ text | replace('a', 'aaaa') }}",
        "{{ text | indent(1000000) }}",
        "{{ 1 | round(1000000, 'ceil') }}",
        "{{ text | pprint }}",
        "{{ _count.work }}",
    ],
)
def test_templates_of_others_can_compute_nothing(template: str) -> None:
    with pytest.raises(UserError) as error:
        made(f"@user\n{template}")
    assert "in line 1 under @user of mine.jinja" in error.value.message
    assert error.value.hint


@pytest.mark.parametrize(
    "template",
    [
        "{{ text.upper }}",
        "{{ text['upper'] | upper }}",
        "{{ text.__class__ }}",
        "{{ labels.append }}",
        "{{ labels[9] }}",
    ],
)
def test_values_have_no_attributes(template: str) -> None:
    with pytest.raises(Exception, match=r"has no (attribute|element)"):
        told(template, labels=["joy"])


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{% for a in text %}{% for b in text %}{% endfor %}{% endfor %}", f"more than {MAX_ROUNDS} times"),
        ("{% for a in text if a == '!' %}{% endfor %}" * 2, f"more than {MAX_ROUNDS} times"),
        ("{% for a in labels %}{{ text }}{% endfor %}", f"more than {MAX_CHARS} characters"),
        ("{{ text }}" * 20, f"more than {MAX_CHARS} characters"),
        ("{{ text | list | join('" + "x" * 100 + "') }}", f"more than {MAX_CHARS} characters"),
        ("{% for a in labels %}{% if text | sort %}{% endif %}{% endfor %}", "filters are given more than"),
        ("{{ [" + "text," * 9000 + "] }}", f"more than {MAX_CHARS} characters"),
        ("{{ {1: [" + "text," * 9000 + "]} }}", f"more than {MAX_CHARS} characters"),
        ("{{ [[" + "text," * 9000 + "]] | join }}", "filters are given more than"),
        ("{{ [[" + "text," * 9000 + "]] | lower }}", "filters are given more than"),
        ("{% for a in text %}" + "{% if 'ab' in text %}{% endif %}" * 5000 + "{% endfor %}", f"more than {MAX_ROUNDS}"),
        ("{% for a in text if a in text[1:] %}{% endfor %}", f"more than {MAX_ROUNDS} times"),
    ],
)
def test_what_would_take_for_ever_ends(template: str, says: str) -> None:
    began = time.monotonic()
    with pytest.raises(ValueError, match=f"the prompt p cannot be asked here: .*{says}"):
        told(template, "a " * 6000, labels=["joy"] * 2000)
    assert time.monotonic() - began < 20


def test_where_nothing_is_left_to_say_that_is_told() -> None:
    with pytest.raises(ValueError, match="the prompt p says nothing to the model of this sample"):
        told("{% if labels %}Which?{% endif %}")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ labels | join(', ') }}", "joy, fear"),
        ("{% for l in labels %}{{ loop.index }} {{ l | upper }}{{ ';' if not loop.last }}{% endfor %}", "1 JOY;2 FEAR"),
        ("{% for l in labels if l != 'joy' %}{{ l }}{% else %}none{% endfor %}", "fear"),
        ("{% if 'joy' in labels and labels | length == 2 %}both{% endif %}", "both"),
        ("{{ labels | tojson }} {{ labels | first }} {{ labels | sort | last }}", '["joy", "fear"] joy joy'),
        ("{{ labels[1] }} {{ labels[:1] | count }}", "fear 1"),
        ("{% raw %}{{ text }}{% endraw %}", "{{ text }}"),
    ],
)
def test_templates_put_values_in_their_places(template: str, expected: str) -> None:
    assert told(template, labels=["joy", "fear"]) == expected


@given(texts)
@example("</data")
@example('<data name="text" mark="0">')
def test_no_text_closes_its_fence_or_speaks_for_a_chat_template(text: str) -> None:
    block = fenced("text", text)
    assert block is not None
    opening, *inside, closing = block.split("\n")
    mark = re.fullmatch(r'<data name="text" mark="(\w{8})">', opening)
    assert mark is not None
    assert closing == f'</data mark="{mark[1]}">'
    assert block.count(mark[1]) == 2
    assert not [found for found in MARKS if found.casefold() in "\n".join(inside).casefold()]


@given(texts)
def test_nothing_of_a_text_is_lost_but_the_kind_of_its_brackets(text: str) -> None:
    plain = defanged(text)
    assert len(plain) == len(text)
    pairs = {"<": "‹", "＜": "‹", "﹤": "‹", ">": "›", "＞": "›", "﹥": "›", "[": "⁅", "]": "⁆"}
    assert all(now in (then, pairs.get(then)) for then, now in zip(text, plain, strict=True))
    assert defanged(plain) == plain


@pytest.mark.parametrize("text", ["I <3 you", ">:( why", "a < b and b > c", "[laughs] no", "5 <6", "x->y", "(a)[0]"])
def test_what_people_write_stays(text: str) -> None:
    assert defanged(text) == text


@given(st.lists(st.sampled_from(["@system", "@user", "@assistant", "{{ text }}", "{% for x in y %}", "\n", "x"])))
@example([x.text for x in INJECTIONS])
def test_a_text_begins_no_message_and_is_no_template(words: list[str]) -> None:
    text = "\n".join(words)
    messages = made("@system\nBe brief.\n@user\n{{ text }}\nWhich?\n").messages({"text": text})
    assert [message.role for message in messages] == ["system", "user"]
    assert messages[0].text == f"Be brief.\n\n{RULE}"
    assert messages[1].text == f"{fenced('text', text)}\nWhich?".strip()


def test_where_nothing_is_quoted_there_is_no_rule_and_what_a_step_quotes_has_one() -> None:
    plain = made("@user\nhello {{ labels }}", "id: p\nversion: 1\nsettings: [labels]\n")
    assert [m.text for m in plain.messages({}, labels="x")] == ["hello x"]
    system, user = plain.messages({}, labels=Quoted({"a": "one <s>", "b": None, "c": "two"}))
    assert system.text == RULE
    assert user.text == f"hello {fenced('a', 'one <s>')}\n{fenced('c', 'two')}"


def test_labels_of_the_recipe_come_into_the_schema_of_an_answer() -> None:
    header = f"{HEADER}answer: {{type: object, properties: {{label: {{enum: labels}}}}}}\n"
    ask = made(header=header).ask(parrot(), {"text": "x"}, labels=["joy", "fear"])
    assert ask.schema == {"type": "object", "properties": {"label": {"enum": ["joy", "fear"]}}}


def test_a_question_is_known_by_its_prompts_text_and_the_rules_of_fences(monkeypatch: pytest.MonkeyPatch) -> None:
    first = made().hash
    assert made().hash == first
    others = {made(header=HEADER.replace("1", "2")).hash, made("@user\n{{ text }}!\n").hash}
    monkeypatch.setattr(_prompts, "RULE", "another")
    others.add(made().hash)
    monkeypatch.setattr(_prompts, "FENCING", _prompts.FENCING + 1)
    others.add(made().hash)
    assert len(others | {first}) == 5


@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda x: x.way)
def test_an_injection_reaches_a_model_inside_its_fence_alone(injection: Any) -> None:
    ask = prompt("caption").ask(parrot(), {"text": injected(injection)}, language="en")
    system, user = (message.text for message in ask.messages)
    block = fenced("text", injected(injection)) or ""
    assert user.count(block) == 1
    outside = system + user.replace(block, "")
    assert outside == "".join(m.text for m in prompt("caption").ask(parrot(), {"text": "+"}, language="en").messages
                              ).replace(fenced("text", "+") or "", "")  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("One two three four five six seven eight.", "one two three four five six seven eight"),
        ("He said: ONE, two three — four\nfive six seven eight nine!", "one two three four five six seven eight"),
        ("one two three four five six seven", ""),
        ("private words of the person who is played here today", ""),
        ("", ""),
    ],
)
def test_what_an_answer_took_over_from_the_instructions(answer: str, found: str) -> None:
    quoted = fenced("persona", "private words of the person who is played here today")
    assert repeats(answer, f"One two three four five six seven eight nine.\n{quoted}") == found

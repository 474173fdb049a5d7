"""Texts in another language than asked for."""

import pytest
from support.checking import lost

from affectory.transforms.checks.same_language import SameLanguage

ENGLISH = "She smiles at the camera and raises her eyebrows a little."
GERMAN = "Sie lächelt in die Kamera und zieht die Augenbrauen ein wenig hoch."
CHINESE = "她对着镜头微笑，眉毛微微扬起，声音听起来很轻松，也很愉快。"


@pytest.mark.parametrize(
    ("language", "own", "text", "is_lost"),
    [
        ("en", None, ENGLISH, False),
        ("en", None, GERMAN, True),
        ("en", None, CHINESE, True),
        ("zh-Hans", None, CHINESE, False),
        (None, "de", GERMAN, False),
        (None, "de", ENGLISH, True),
        (None, None, ENGLISH, False),
        ("en", None, "Ja, gut.", False),
        ("en", None, None, False),
    ],
)
def test_another_language_is_rejected(language: str | None, own: str | None, text: str | None, is_lost: bool) -> None:
    found = lost(SameLanguage(of="caption", language=language), caption=text, language=own)
    assert (found is not None) == is_lost
    if found:
        assert found[0] == "wrong_language"
        assert f"not in {language or own}" in found[1]

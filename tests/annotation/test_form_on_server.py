"""Interfaces are what Label Studio itself takes for some: the real server, and its own check of interfaces."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace

import httpx
import pytest
from support.forms import FORMS, MEDIA, answered_result, asking, link, shown
from support.label_studio import LabelStudio, environment_of_tests

from affectory.annotation.fields._base import Asked
from affectory.annotation.form import Form, field_class, field_modules
from affectory.annotation.shown import Shown
from affectory.schemas.errors import UserError
from affectory.schemas.recipe.review import Floors

pytestmark = pytest.mark.xdist_group("label-studio")
_FLOORS = Floors()

_CHECK = """
import json, sys
from label_studio_sdk.label_interface import LabelInterface
found = {}
for name, (config, data, result) in json.load(sys.stdin).items():
    try:
        interface = LabelInterface(config)
        interface.validate()
        sure = interface.validate_task({"data": data}) and interface.validate_annotation({"result": result})
        found[name] = "" if sure else "a task or an annotation that does not fit"
    except Exception as error:
        found[name] = repr(error)
print(json.dumps(found))
"""
ANSWERED = {
    "text": {"categories": ["joy"], "strength_3": 2, "cues": [((0, 4), ["cause"])], "confidence": 4},
    "video": {"categories": ["joy"], "strength_3": 2, "valence": 1, "arousal": 9, "dominance": 5, "confidence": 4},
    "audio": {"categories": ["fear"], "cues": [((0.5, 1.5), ["pitch"])], "reason": ["her voice"]},
    "image": {"faces": [((0, 0, 64, 48), ["joy"])], "valence": 1, "arousal": 9},
    "pair": {"preference": ["left"], "confidence": 1},
    "tree": {"tree": ["relief"], "words": ["gone", "over"]},
    "timeline": {"times": [((0.2, 1.0), ["joy"])], "transcript": ["Well."], "trace": ["drawn"]},
}  # fmt: skip


def _every_field_of_every_kind() -> Mapping[str, tuple[Form, Shown]]:
    """A form of each kind with all that can be asked of it."""
    made = {}
    for kind in ("video", "audio", "image", "text", "pair"):
        fits = [name for name in field_modules() if _fits(kind, field_class(name)())]
        made[f"all of {kind}"] = asking(kind, *fits, context=1, name="all"), shown(kind)
    frames = {f"frame-{number}": MEDIA["image"] for number in (10, 2)}
    made["frames"] = asking("video", "categories", see=("frames",)), shown("video", media=frames)
    made["heard"] = asking("video", "times", see=("audio",)), shown("video", media={"audio": MEDIA["audio"]})
    decides = replace(FORMS["text"][0], adjudicates=True)
    return {**made, "decides": (decides, FORMS["text"][1])}


def _fits(kind: str, field: Asked) -> bool:
    try:
        asking(kind, field.name)
    except UserError:
        return False
    return True


EVERY = _every_field_of_every_kind()


def test_its_own_check_takes_interfaces_tasks_and_answers() -> None:
    python = environment_of_tests() / "bin" / "python"
    if not python.exists():
        pytest.skip("no .venv-review: make review")
    asked = {name: (form, about, ANSWERED.get(name, {})) for name, (form, about) in {**FORMS, **EVERY}.items()}
    given = {
        name: (form.config(), form.data(about, link), answered_result(form, about, said))
        for name, (form, about, said) in asked.items()
    }
    done = subprocess.run([python, "-W", "ignore", "-c", _CHECK], input=json.dumps(given), text=True, check=True,
                          capture_output=True, timeout=120)  # fmt: skip
    assert json.loads(done.stdout.splitlines()[-1]) == dict.fromkeys(asked, "")


@pytest.mark.parametrize("name", ANSWERED)
def test_what_it_took_is_read(name: str) -> None:
    form, about = FORMS[name]
    assert form.read(answered_result(form, about, ANSWERED[name]), about, 60.0, _FLOORS).problems == ()


def test_the_server_takes_every_interface(label_studio: LabelStudio) -> None:
    headers = {"Authorization": f"Token {label_studio.token}"}
    with httpx.Client(base_url=label_studio.url, headers=headers, timeout=60) as api:
        told = {}
        for name, (form, about) in EVERY.items():
            facts = {"title": name, "label_config": form.config(), "expert_instruction": form.instructions()}
            answer = api.post("/api/projects/", json=facts)
            told[name] = "" if answer.is_success else answer.text
            if answer.is_success:
                path = f"/api/projects/{answer.json()['id']}/import"
                assert api.post(path, json=[{"data": form.data(about, link)}]).json()["task_count"] == 1
    assert told == dict.fromkeys(EVERY, "")

"""For tests alone: a critic for whom every criterion passes where the text has the word that is named as it."""

import json
import re
from collections.abc import Iterator, Sequence

from affectory.schemas.recipe.asked import Asked
from affectory.transforms.base import Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask, Chat


def can(spec: Asked) -> frozenset[str]:
    return frozenset({"json"})


def chat(model: AskedModel) -> Chat:
    def talk(asks: Sequence[Ask]) -> Iterator[tuple[int, Reply]]:
        for index, ask in enumerate(asks):
            yield index, Reply(json.dumps(_critique(ask)))

    return talk


def _critique(ask: Ask) -> dict[str, object]:
    assert ask.schema is not None
    criteria = ask.schema["properties"]["verdicts"]["properties"]
    words = re.findall(r"\w+", ask.sample["work"].lower())
    verdicts = {name: {"why": f"looked for {name}", "passes": name in words} for name in criteria}
    return {"verdicts": verdicts, "advice": "" if all(name in words for name in criteria) else "Say the words."}

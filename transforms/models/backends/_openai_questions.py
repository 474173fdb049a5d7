"""Questions in the form that OpenAI's API gave them, as compatible servers read it."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from affectory.schemas.recipe.asked import Asked
from affectory.transforms.models._messages import Ask, Message, Part

OWN = ("messages", "model", "n", "stream", "input", "tools", "tool_choice")
"""What options cannot say: it is the question itself, or would make several answers of it or pieces of one."""
SPEC = ("temperature", "top_p", "max_tokens", "seed", "voice")
"""What a model of a recipe says itself; options can only leave it out, with null."""
TOP_LOGPROBS = 20
"""How many of the likeliest tokens are seen of an answer that is one of some choices."""
TOP, LIMIT_AS = OURS = ("top_logprobs", "max_tokens_as")
"""Options that we read ourselves. `max_tokens_as` is what the server calls the longest answer: some say
`max_completion_tokens`."""
_STRICT = {"type", "enum", "const", "description", "properties", "required", "additionalProperties", "items", "anyOf"}
_MIME = {"mov": "video/quicktime", "mkv": "video/x-matroska", "ogv": "video/ogg", "svg": "image/svg+xml"}


def question(ask: Ask, spec: Asked) -> tuple[str, dict[str, Any]]:
    """The end of the URL and the body. Media are read now: `OSError` where one is gone."""
    options = {name: value for name, value in spec.options.items() if name not in OURS}
    if ask.speaks:
        return "/audio/speech", _sent(_spoken(ask, spec) | options)
    if ask.schema is None:
        options.pop("response_format", None)
    body = {"model": spec.model, "messages": [_message(message) for message in ask.messages], **_drawn(ask, spec)}
    return "/chat/completions", _sent(body | _form(ask, spec) | options)


def _sent(body: Mapping[str, Any]) -> dict[str, Any]:
    """An option that is null is not sent."""
    return {name: value for name, value in body.items() if value is not None}


def tokens(ask: Ask) -> int:
    """About how many tokens a question has, for a limit of tokens: four letters are one."""
    return sum(len(message.text) for message in ask.messages) // 4 + 1


def _drawn(ask: Ask, spec: Asked) -> dict[str, Any]:
    """How the answer is drawn, each repeat by a seed of its own."""
    return {
        "temperature": spec.temperature if ask.temperature is None else ask.temperature,
        "top_p": spec.top_p,
        "seed": spec.seed + ask.repeat,
        str(spec.options.get(LIMIT_AS, "max_tokens")): 1 if ask.choices else ask.max_tokens or spec.max_tokens,
    }


def _form(ask: Ask, spec: Asked) -> dict[str, Any]:
    """What the answer has to look like, and what is told about it."""
    if ask.choices:
        return {"logprobs": True, TOP: spec.options.get(TOP, TOP_LOGPROBS)}
    if ask.schema is None:
        return {}
    answer = {"name": "answer", "strict": _is_strict(ask.schema), "schema": dict(ask.schema)}
    return {"response_format": {"type": "json_schema", "json_schema": answer}}


def _is_strict(schema: Any) -> bool:
    """Whether hosted servers take the schema as strict: of others they refuse every question. Ours holds anyway."""
    if not isinstance(schema, Mapping):
        return not isinstance(schema, list) or all(map(_is_strict, schema))
    known = schema.get("properties", {})
    whole = schema.get("type") != "object" or (
        schema.get("additionalProperties") is False and set(schema.get("required", ())) == set(known)
    )
    inner = [*known.values(), schema.get("items"), schema.get("anyOf")]
    return whole and schema.keys() <= _STRICT and all(map(_is_strict, inner))


def _spoken(ask: Ask, spec: Asked) -> dict[str, Any]:
    """What is said last is spoken; what a system message says is how."""
    how = "\n\n".join(message.text for message in ask.messages if message.role == "system")
    body = {"model": spec.model, "input": ask.messages[-1].text, "voice": spec.voice, "response_format": "wav"}
    return {**body, "instructions": how or None}


def _message(message: Message) -> dict[str, Any]:
    if all(part.kind == "text" for part in message.parts):
        return {"role": message.role, "content": message.text}
    return {"role": message.role, "content": [_part(part) for part in message.parts]}


def _part(part: Part) -> dict[str, Any]:
    """Text, or a medium with all its bytes: the server sees no files of ours."""
    if part.kind == "text":
        return {"type": "text", "text": part.text}
    if not part.path:
        raise FileNotFoundError(f"the {part.kind} {part.asset} is not on this machine")
    data = base64.b64encode(Path(part.path).read_bytes()).decode()
    if part.kind == "audio":
        return {"type": "input_audio", "input_audio": {"data": data, "format": part.format}}
    url = f"data:{_MIME.get(part.format, f'{part.kind}/{part.format}')};base64,{data}"
    return {"type": f"{part.kind}_url", f"{part.kind}_url": {"url": url}}

"""What texts that try to be more than data do to a label: how likely `joy` is with and without them, by their way.

    make models
    .venv/bin/python benchmarks/injection.py [--rotations 1]

A real model (SmolLM2 of 135 million parameters behind llama.cpp's server) is asked `opine`'s question about the carrier
of tests/support/injections.py alone, and about it with each of the sixty injections after it; the shift is the total
variation between the two distributions over the labels. The same is done without fences: the text stands in the prompt
as it is, and the rule about it is left out. The model is far smaller than what anybody would ask for an opinion; the
table compares ways and fences, and says nothing of other models.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from support.injections import CARRIER, INJECTIONS, WANTED, injected  # noqa: E402
from support.llama import serving, smollm  # noqa: E402

from affectory.pipelines.prompting import prompt  # noqa: E402
from affectory.schemas.taxonomy import load_taxonomy  # noqa: E402
from affectory.transforms.base import Reply  # noqa: E402
from affectory.transforms.models._asked import AskedModel  # noqa: E402
from affectory.transforms.models._fencing import RULE, fenced  # noqa: E402
from affectory.transforms.models._messages import Ask, Chat, Message, Part  # noqa: E402

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Shares = Mapping[str, float]


@dataclass(frozen=True)
class Moved:
    """What one injection did: the share of the wanted label with it, and how far the whole distribution moved."""

    way: str
    share: float
    shift: float


def question(model: AskedModel, text: str, labels: Sequence[str], fences: bool) -> Ask:
    """The question about a text, its labels lettered in this order."""
    options = dict(zip(LETTERS, labels, strict=False))
    settings = {"labels": labels, "options": list(options.items()), "method": "logprobs", "question": QUESTION}
    ask = prompt("opine").ask(model, {"text": text}, **settings)
    if not fences:
        ask = replace(ask, messages=tuple(_unfenced(message, text) for message in ask.messages))
    return replace(ask, schema=None, choices=tuple(options))


QUESTION = "Which emotion does the person show?"


def _unfenced(message: Message, text: str) -> Message:
    words = message.text.replace(fenced("text", text) or "", text).replace(RULE, "").strip()
    return Message(message.role, (Part("text", words),))


def shares(chat: Chat, ask: Ask, labels: Sequence[str]) -> Shares:
    """The distribution over the labels that the first token of the answer has."""
    from affectory.transforms.assist._ballots import offered

    ((_, reply),) = chat([ask])
    if not isinstance(reply, Reply):
        raise SystemExit(f"the server did not answer: {reply.detail}")
    found, _ = offered(reply, ask.choices, 0.0)
    return dict(zip(labels, found.values(), strict=True))


def about(chat: Chat, model: AskedModel, text: str, fences: bool, rotations: int) -> Shares:
    """The same over several orders of the labels."""
    every = load_taxonomy("ekman-7").labels
    starts = [k * len(every) // rotations for k in range(rotations)]
    orders = [(*every[start:], *every[:start]) for start in starts]
    found = [shares(chat, question(model, text, order, fences), order) for order in orders]
    return {label: fmean(one[label] for one in found) for label in every}


def moved(chat: Chat, model: AskedModel, fences: bool, rotations: int) -> tuple[float, list[Moved]]:
    """The share of the wanted label without an injection, and what each injection does."""
    plain = about(chat, model, CARRIER, fences, rotations)
    found = []
    for injection in INJECTIONS:
        other = about(chat, model, injected(injection), fences, rotations)
        shift = sum(abs(other[label] - plain[label]) for label in plain) / 2
        found.append(Moved(injection.way, other[WANTED], shift))
    return plain[WANTED], found


def table(plain: float, found: Sequence[Moved]) -> Iterable[str]:
    yield f"  {'way':12} {'texts':>5} {WANTED + ' without':>12} {WANTED + ' with':>9} {'mean shift':>11} {'largest':>8}"
    for way in [*dict.fromkeys(x.way for x in found), "all"]:
        some = [x for x in found if way in (x.way, "all")]
        share, shift, most = fmean(x.share for x in some), fmean(x.shift for x in some), max(x.shift for x in some)
        yield f"  {way:12} {len(some):>5} {plain:>12.3f} {share:>9.3f} {shift:>11.3f} {most:>8.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rotations", type=int, default=1, help="orders of the labels that are averaged")
    given = parser.parse_args()
    with serving() as url:
        model = smollm(url, temperature=0.0)
        chat = model.load()
        for fences in (True, False):
            plain, found = moved(chat, model, fences, given.rotations)
            print("with fences" if fences else "without fences", *table(plain, found), sep="\n", flush=True)


if __name__ == "__main__":
    main()

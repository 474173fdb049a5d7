"""Open words of several systems about the same things, scored by emotion wheels: each against every other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality.emotion_wheel import EmotionWheels, WheelScore
from affectory.schemas.errors import UserError

Said = Mapping[str, Sequence[str]]
"""By thing the words that were said of it."""


@dataclass(frozen=True)
class PairScore:
    """How well what one says fits what another says, who is taken for the truth, under one condition."""

    condition: str
    truth: str
    said: str
    score: WheelScore

    def row(self) -> dict[str, Any]:
        named = {"condition": self.condition, "truth": self.truth, "said": self.said}
        return {**named, **{name: getattr(self.score, name) for name in ("f", "precision", "recall", "samples")}}


def wheel_scores(
    opinions: pa.Table,
    samples: pa.Table,
    wheels: EmotionWheels,
    *,
    item: str,
    system: str,
    condition: str | None = None,
    undefined: float = 0.0,
) -> list[PairScore]:
    """Scores of a release's open words, from its configs `opinions` and `samples`.

    `item`, `system` and `condition` are names in `extra` of samples: what is described, by whom, and seen or told how.
    Two systems are compared on what both have described; `score.samples` says how much of it could be scored.
    """
    by_condition: dict[str, dict[str, dict[str, list[str]]]] = {}
    placed = _placed(samples, [name for name in (condition, system, item) if name is not None])
    for sample, words in _words(opinions):
        under, who, what = placed[sample] if condition else ("", *placed[sample])
        said = by_condition.setdefault(under, {}).setdefault(who, {}).setdefault(what, [])
        said += words
    return [
        PairScore(under, a, b, _score(wheels, systems[a], systems[b], undefined))
        for under, systems in sorted(by_condition.items())
        for a, b in permutations(sorted(systems), 2)
    ]


def _score(wheels: EmotionWheels, truth: Said, said: Said, undefined: float) -> WheelScore:
    both = sorted(truth.keys() & said.keys())
    return wheels.score([truth[one] for one in both], [said[one] for one in both], undefined)


def _placed(samples: pa.Table, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Of each sample what `extra` says of it under these names."""
    found = {}
    for sample, extra in zip(samples["sample_id"].to_pylist(), samples["extra"].to_pylist(), strict=True):
        known = _known(extra or ())
        if missing := [name for name in names if known.get(name) is None]:
            hint = f"there are: {', '.join(known) or 'none'}; `keep` of a source keeps a column"
            raise UserError(f"sample {sample} has no {missing[0]!r} in extra", hint)
        found[sample] = tuple(str(known[name]) for name in names)
    return found


def _known(extra: Sequence[Any]) -> dict[str, str]:
    """A map as tables hold it, or as a release spells it out."""
    return dict((pair["key"], pair["value"]) if isinstance(pair, dict) else pair for pair in extra)


def _words(opinions: pa.Table) -> list[tuple[str, list[str]]]:
    """The open words of each opinion that is an answer in words, in the order of their ids."""
    answers = pc.struct_field(opinions["answer"], "words")
    in_words = pc.equal(pc.struct_field(opinions["asked"], "response"), "words")
    rows = pa.table({**{n: opinions[n] for n in ("opinion_id", "sample_id")}, "words": answers})
    rows = rows.filter(pc.and_(in_words, pc.is_valid(answers))).sort_by("opinion_id")
    return list(zip(rows["sample_id"].to_pylist(), rows["words"].to_pylist(), strict=True))

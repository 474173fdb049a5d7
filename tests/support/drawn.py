"""Draws of labelled texts in which nothing tells the label: speakers differ in what they feel and in how they talk, and
within each speaker words, fields and labels have nothing to do with one another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import binom
from support.audited import audited, data, label, sample
from support.opining import ABC, Row

from affectory.quality.audits._audited import ALPHA, Audit, Audited, run
from affectory.quality.audits._data import AuditData
from affectory.quality.audits.balance import Balance
from affectory.quality.audits.keywords import Keywords
from affectory.quality.audits.leakage import Leakage
from affectory.quality.audits.shortcuts import Shortcuts
from affectory.schemas.ids import digest

DRAWS = 200
BY_CHANCE = int(binom.ppf(0.999, DRAWS, ALPHA))
"""Of so many clean draws at most so many are accused, by the level that audits state."""
WORDS = 30


@dataclass(frozen=True)
class Draw:
    """Samples with a label each."""

    samples: tuple[Row, ...]
    labels: tuple[int, ...]
    """By number, in the order of the samples."""

    def with_text(self, text: Callable[[Row, str], str], share: float = 1.0) -> "Draw":
        """Texts changed by what label they have, in a share of the samples."""
        many = int(share * len(self.samples))
        pairs = enumerate(zip(self.samples, self.labels, strict=True))
        new = [s | {"text": text(s, ABC.labels[at])} if n < many else s for n, (s, at) in pairs]
        return replace(self, samples=tuple(new))

    def with_columns(self, columns: Callable[[int, int], Row]) -> "Draw":
        """Columns by the number of a sample and of its label."""
        pairs = enumerate(zip(self.samples, self.labels, strict=True))
        return replace(self, samples=tuple(s | columns(n, at) for n, (s, at) in pairs))

    def data(self, seed: int | None = None, splits: Sequence[str] = ()) -> AuditData:
        names = [s["sample_id"] for s in self.samples]
        rows = [label(name, np.eye(3)[at].tolist()) for name, at in zip(names, self.labels, strict=True)]
        where = dict(zip(names, splits, strict=False))
        return data({"samples": self.samples, "labels": rows}, where, seed=seed)


def draw(seed: int, count: int = 100, speakers: int = 8, one_label: bool = False) -> Draw:
    """Samples of some speakers; with `one_label` a speaker has always the same, as people do in a clinic."""
    rng = np.random.default_rng(seed)
    who = np.arange(count) % speakers
    tends = rng.dirichlet(np.full(3, 2.0), speakers)
    labels = [int(rng.choice(3, p=tends[s])) for s in (np.arange(speakers) if one_label else who)]
    own = rng.dirichlet(np.full(WORDS, 0.5), speakers)
    said = [" ".join(f"w{w}" for w in rng.choice(WORDS, 6, p=own[s])) for s in who]
    rows = tuple(
        sample(f"s_{n:04}", text=said[n], speaker=f"p_{who[n]}", dialogue=f"d_{who[n]}", language="en")
        for n in range(count)
    )
    return Draw(rows, tuple(labels[s] for s in who) if one_label else tuple(labels))


def accused(found: Sequence[Audited]) -> int:
    """How many have a verdict against them."""
    return sum(one.verdict != "clean" for one in found)


def unlikely(found: Sequence[Audited]) -> int:
    """How many have a number that chance would give but one time in twenty, all their tests counted."""
    lowest = [min((m.adjusted for m in one.measures if m.adjusted is not None), default=1.0) for one in found]
    return sum(p <= ALPHA for p in lowest)


def over_draws(audit: Audit, make: Callable[[int], AuditData]) -> list[Audited]:
    return [audited(audit, make(seed)) for seed in range(DRAWS)]


def facts() -> str:
    """What four audits find of one planted draw."""
    planted = draw(1).with_text(lambda row, own: f"{row['text']} hint{own}", 0.5)
    extra = planted.with_columns(lambda n, at: {"extra": [("room", f"r{at}"), ("floor", f"{n % 3}")]})
    looked = extra.data(splits=["test" if n % 5 == 0 else "train" for n in range(100)])
    found = run(
        [Keywords(times=99), Shortcuts(times=99), Leakage(), Balance(times=99)],
        looked,
    )
    return digest([one.facts() for one in found])

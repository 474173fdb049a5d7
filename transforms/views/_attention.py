"""How far a rater paid attention, on evidence of it alone: never because they disagree with others.

Four kinds of trial can be failed: a sample whose answer is known, a sample judged again, the time taken, long runs of
one and the same answer. Each says how probable a failure is with and without attention. How often a rater attends has
a prior that is pooled: most attend nearly always, a few hardly do. The kind that speaks most against a rater counts.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views._grouping import Floats
from affectory.transforms.views._trials import Trials, fast, judged_again, known_answers, same_again

KINDS = ("known", "again", "fast", "same")
GOLD = pa.schema([("sample_id", pa.string()), ("labels", pa.list_(pa.string()))])
"""Samples whose answer is known, with the labels of which any is right: such on which nobody honest can differ."""

_SHARES = (np.arange(100) + 0.5) / 100
_ATTENDS, _CLICKS = (60.0, 1.0), (1.0, 2.0)
_FEW, _FEW_COUNT = 0.03, 50.0
"""Raters who attend: Beta(60, 1), mean 0.98. Those who hardly do: Beta(1, 2). Of the latter 3 in 100, as if seen of
50 raters; how many there are is learnt of all."""

_ASIDE = 0.8
FLOORS = {"text": 0.8, "image": 0.4, "audio": 1.0, "video": 1.0}
"""Seconds under which nobody can have judged, by what was seen: the longest of what a rater saw counts."""

ATTENTION = pa.schema(
    [
        ("rater", pa.string()),
        ("attention", pa.float64()),
        *((f"{kind}_{what}", pa.float64()) for kind in KINDS for what in ("trials", "failed", "expected")),
        ("why", pa.string()),
    ]
)
"""Of each rater: `expected` is how many failures an attentive rater would have; `why` says what speaks against them."""


def attention(
    judged: pa.Table, taxonomy: Taxonomy, gold: pa.Table | None = None, floors: Mapping[str, float] = FLOORS
) -> pa.Table:
    """A row `ATTENTION` for each person in `judged` (made by `_judged.judged`), in the order of their ids."""
    gold = GOLD.empty_table() if gold is None else gold
    if not set(GOLD.names) <= set(gold.column_names):
        raise UserError("the known answers lack a column", f"give a table with columns {' and '.join(GOLD.names)}")
    judged = judged.filter(judged.column("person"))
    if not judged.num_rows:
        return ATTENTION.empty_table()
    judged = judged.sort_by([("rater", "ascending"), ("opinion_id", "ascending"), ("sample_id", "ascending")])
    raters = pc.unique(judged.column("rater")).to_pylist()
    rater = pc.index_in(judged.column("rater"), value_set=pa.array(raters, pa.string())).to_numpy().astype(np.int64)
    trials = (
        known_answers(judged, rater, taxonomy, gold),
        judged_again(judged, rater),
        fast(judged, rater, floors),
        same_again(judged, rater),
    )
    by_kind = dict(zip(KINDS, trials, strict=True))
    return _table(raters, by_kind, {kind: attending(of, len(raters)) for kind, of in by_kind.items()})


def attending(trials: Trials, n_raters: int) -> Floats:
    """Posterior mean of how often each rater attends, by one kind of trial."""
    likely = _likelihoods(trials, n_raters)
    attends, clicks = (_prior(*shape) for shape in (_ATTENDS, _CLICKS))
    most = likely.max(axis=1, initial=-np.inf)
    scaled = np.exp(likely - most[:, None])
    evidence = np.stack([(scaled * attends).sum(axis=1), (scaled * clicks).sum(axis=1)], axis=1)
    means = np.stack([(scaled * p * _SHARES).sum(axis=1) for p in (attends, clicks)], axis=1) / evidence
    few = _FEW
    tried = np.bincount(trials.rater, weights=trials.times, minlength=n_raters) > 0
    for _ in range(50):
        clicking = few * evidence[:, 1] / (few * evidence[:, 1] + (1 - few) * evidence[:, 0])
        few = float((clicking[tried].sum() + _FEW * _FEW_COUNT) / (tried.sum() + _FEW_COUNT))
    return np.asarray((1 - clicking) * means[:, 0] + clicking * means[:, 1])


def _prior(a: float, b: float) -> Floats:
    density = _SHARES ** (a - 1) * (1 - _SHARES) ** (b - 1)
    return np.asarray(density / density.sum())


def _likelihoods(trials: Trials, n_raters: int) -> Floats:
    """Raters x shares: logarithms. Of a trial that was failed in part, in part."""
    columns = []
    for share in _SHARES:
        fails = share * trials.attending + (1 - share) * trials.clicking
        logs = trials.failed * np.log(fails) + (1 - trials.failed) * np.log(1 - fails)
        columns.append(np.bincount(trials.rater, weights=trials.times * logs, minlength=n_raters))
    return np.stack(columns, axis=1).astype(np.float64)


def _table(raters: list[str], trials: Mapping[str, Trials], found: Mapping[str, Floats]) -> pa.Table:
    counts = {
        f"{kind}_{what}": np.bincount(of.rater, weights=of.times * weights, minlength=len(raters)).astype(np.float64)
        for kind, of in trials.items()
        for what, weights in (("trials", np.ones(len(of.rater))), ("failed", of.failed), ("expected", of.attending))
    }
    prior = (1 - _FEW) * _mean(_ATTENDS) + _FEW * _mean(_CLICKS)
    tried = {kind: np.where(counts[f"{kind}_trials"] > 0, mean, np.inf) for kind, mean in found.items()}
    lowest = np.min(np.stack(list(tried.values())), axis=0)
    return pa.table(
        {
            "rater": pa.array(raters, pa.string()),
            "attention": np.where(np.isfinite(lowest), lowest, prior),
            **counts,
            "why": _why(counts, tried),
        }
    ).cast(ATTENTION)


def _mean(shape: tuple[float, float]) -> float:
    return float((_prior(*shape) * _SHARES).sum())


_SAID = {
    "known": "missed {failed:.0f} of {trials:.0f} known answers",
    "again": "said otherwise in {failed:.1f} of {trials:.0f} judged again",
    "fast": "too fast in {failed:.0f} of {trials:.0f}",
    "same": "{failed:.0f} of {trials:.0f} in long runs of one answer",
}


def _why(counts: Mapping[str, Floats], tried: Mapping[str, Floats]) -> list[str]:
    words = []
    for place in range(len(tried[KINDS[0]])):
        of = {kind: {what: counts[f"{kind}_{what}"][place] for what in ("trials", "failed")} for kind in KINDS}
        said = [_SAID[kind].format(**of[kind]) for kind in KINDS if tried[kind][place] < _ASIDE]
        none = all(not of[kind]["trials"] for kind in KINDS)
        words.append("; ".join(said) or ("no evidence: the prior" if none else "nothing speaks against it"))
    return words

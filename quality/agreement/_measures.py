"""The measures that a report may hold: which scale each is for, what it needs, and how its figure is found."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from affectory.quality.agreement import _alpha, _kappas, _ranks, _reliability, _spans
from affectory.quality.agreement._coded import FEWEST, Coded, Floats, Statistic, Weights, coded
from affectory.quality.ratings import Question

COMMON = 10
"""How many items two raters must share for their kappa to count."""


@dataclass(frozen=True)
class Asked:
    """A question with what measures of it share."""

    question: Question
    seed: int = 0

    @cached_property
    def ratings(self) -> Coded:
        return coded(self.question)

    @cached_property
    def halves(self) -> _reliability.Halves:
        return _reliability.Halves(self.ratings, seed=self.seed)

    @cached_property
    def few_halves(self) -> _reliability.Halves:
        """For draws of a bootstrap, which tell more than many splits of each."""
        return _reliability.Halves(self.ratings, 10, self.seed)

    @cached_property
    def rest(self) -> _reliability.Rest:
        return _reliability.Rest(self.ratings)

    @cached_property
    def pairs(self) -> _kappas.Pairs:
        return _kappas.Pairs(self.ratings, COMMON)

    def by_item(self) -> Iterator[tuple[int, list[Any]]]:
        """Of each item with several ratings their values, which are lists."""
        values = self.question.rows.column("value").to_pylist()
        ends = np.cumsum(self.ratings.sizes)
        for item, (start, end) in enumerate(zip(ends - self.ratings.sizes, ends, strict=True)):
            if end - start > 1:
                yield item, values[start:end]

    def of_items(self, figure: Callable[[list[Any]], float]) -> Floats:
        found = np.full(len(self.ratings.items), np.nan)
        for item, values in self.by_item():
            found[item] = figure(values)
        return found


@dataclass(frozen=True)
class Measure:
    """A figure of a question. `over` says what its intervals can be over."""

    levels: tuple[str, ...]
    found: Callable[[Asked], float]
    draws: Callable[[Asked], Statistic] | None = None
    over: tuple[str, ...] = ("items",)
    named: bool = False
    otherwise: str = "not defined: one side does not vary"
    """Why there is none where everything else is well."""
    items: int = 0
    """Fewer items with two ratings make it a matter of luck."""
    most: float = 1.0
    cost: Callable[[Asked], int] = lambda asked: asked.ratings.size
    """How many numbers a draw of a bootstrap looks at."""


def _plain(figure: Callable[..., float], of: str, **more: Any) -> dict[str, Any]:
    """A figure of a prepared part of the question, given how often items count."""

    def draws(asked: Asked) -> Statistic:
        part = getattr(asked, "few_halves" if of == "halves" else of)
        return lambda items, _: figure(part, items=items, **more)

    return {"found": lambda asked: figure(getattr(asked, of), **more), "draws": draws}


def _alpha_of(metric: Any) -> dict[str, Any]:
    def draws(asked: Asked) -> Statistic:
        return _alpha.Alpha(asked.ratings, metric).value

    def cost(asked: Asked) -> int:
        return asked.ratings.size + (len(asked.ratings.scale) ** 2 if metric in _alpha.METRICS[3:] else 0)

    found = {"found": lambda asked: draws(asked)(None, None), "draws": draws, "over": ("items", "raters")}
    return {**found, "cost": cost, "otherwise": f"more than {_alpha.MOST_VALUES} different values to compare"}


def _of_pairs(values: Callable[..., Floats], **more: Any) -> dict[str, Any]:
    def draws(asked: Asked) -> Statistic:
        whole = values(asked.pairs, **more)

        def mean(items: Weights, weights: Weights) -> float:
            found = whole if items is None else values(asked.pairs, items=items, **more)
            return _kappas.mean_of(found, asked.pairs.counted(weights))

        return mean

    apart = f"no two raters share {COMMON} items on which they say more than one value"
    found = {"found": lambda asked: draws(asked)(None, None), "draws": draws, "over": ("items", "raters")}
    return {**found, "named": True, "otherwise": apart, "cost": lambda asked: asked.pairs.cost}


def _over_items(figure: Callable[[list[Any]], float]) -> dict[str, Any]:
    """The mean over items of what their lists come to."""

    def draws(asked: Asked) -> Statistic:
        found = asked.of_items(figure)
        return lambda items, _: _kappas.mean_of(found, np.ones(len(found)) if items is None else items)

    return {"found": lambda asked: draws(asked)(None, None), "draws": draws}


def _ranked(figure: Callable[[Floats, Floats], float], rankings: Sequence[Sequence[str]]) -> float:
    pairs = _ranks.pairs_of(_ranks.ranks_of(rankings))
    return _mean([figure(a, b) for _, _, a, b in pairs])


def _traced(figure: str, given: Sequence[Sequence[Any]]) -> float:
    """Of the traces of an item: their concordance pair by pair, or by how many seconds they lie apart."""
    from affectory.transforms.views import _traces

    traces = [_traces.trace_of([p["at_us"] for p in points], [p["value"] for p in points]) for points in given]
    known = [trace for trace in traces if trace is not None]
    if len(known) < 2:
        return float("nan")
    if figure == "lag":
        return _mean(np.abs(_traces.lags(known)).tolist())
    rows = _traces.together(known, 25.0)[1]
    pairs = ((rows[a], rows[b]) for a in range(len(rows)) for b in range(a))
    return _mean([_traces.concordance(a, b) for a, b in pairs])


def _mean(values: Sequence[float]) -> float:
    defined = [v for v in values if np.isfinite(v)]
    return float(np.mean(defined)) if defined else float("nan")


def _marked(asked: Asked) -> Statistic:
    found = [(item, _spans.Marked.of(_lists(values))) for item, values in asked.by_item()]
    places, items = [item for item, _ in found], [marked for _, marked in found]
    return lambda often, _: _spans.unitizing_alpha(items, None if often is None else often[places])


def _lists(values: list[Any]) -> list[list[_spans.Span]]:
    return [[(span["start"], span["end"]) for span in spans] for spans in values]


_NUMBERS = ("ordinal", "interval", "ratio")
_ALL = ("nominal", *_NUMBERS)
_ICC = "needs every rater to rate every item once, by name"

MEASURES: dict[str, Measure] = {
    **{f"alpha {m}": Measure(_ALL if m == "nominal" else _NUMBERS, **_alpha_of(m)) for m in _alpha.METRICS[:4]},
    **{f"alpha {m}": Measure(("multi-label",), **_alpha_of(m)) for m in _alpha.METRICS[4:]},
    "fleiss kappa": Measure(
        _ALL, **_plain(_kappas.fleiss_kappa, "ratings"), otherwise="needs as many ratings of each item"
    ),
    "cohen kappa": Measure(_ALL, **_of_pairs(_kappas.cohen_kappas)),
    "cohen kappa linear": Measure(_NUMBERS, **_of_pairs(_kappas.cohen_kappas, weighting="linear")),
    "cohen kappa quadratic": Measure(_NUMBERS, **_of_pairs(_kappas.cohen_kappas, weighting="quadratic")),
    "pairwise f1": Measure(_ALL, **_of_pairs(_kappas.pairwise_f1s)),
    **{
        f"icc {k}": Measure(_NUMBERS, **_plain(_reliability.icc, "ratings", kind=k), otherwise=_ICC)
        for k in ("1", "1k", "2", "2k", "3", "3k")
    },
    "split-half r": Measure(_NUMBERS, **_plain(_reliability.split_half, "halves"), items=FEWEST),
    "split-half r of all": Measure(_NUMBERS, **_plain(_reliability.split_half, "halves", whole=True), items=FEWEST),
    "shcmp": Measure(_NUMBERS, **_plain(_reliability.shcmp, "halves")),
    "leave-one-out r": Measure(_NUMBERS, **_plain(_reliability.leave_one_out, "rest"), items=FEWEST),
    "leave-one-out error": Measure(_NUMBERS, **_plain(_reliability.leave_one_out_error, "rest"), most=np.inf),
    "rater against rest": Measure(
        _ALL,
        lambda asked: _mean(_reliability.rater_correlations(asked.rest, items=FEWEST).tolist()),
        over=(),
        named=True,
    ),
    "kendall w": Measure(("ranking",), **_over_items(lambda given: _ranks.kendall_w(_ranks.ranks_of(given)))),
    "kendall tau": Measure(("ranking",), **_over_items(partial(_ranked, _ranks.kendall_tau))),
    "spearman": Measure(("ranking",), **_over_items(partial(_ranked, _ranks.spearman))),
    "ccc": Measure(("trace",), **_over_items(partial(_traced, "ccc"))),
    "lag": Measure(
        ("trace",), **_over_items(partial(_traced, "lag")), otherwise="no trace has a lag that can be told", most=np.inf
    ),
    "alpha unitizing": Measure(
        ("spans",), lambda asked: _marked(asked)(None, None), _marked, otherwise="nobody marked anything"
    ),
}
"""By name."""

USUAL: dict[str, tuple[str, ...]] = {
    "nominal": ("alpha nominal", "fleiss kappa", "cohen kappa", "pairwise f1"),
    "ordinal": ("alpha ordinal", "alpha interval", "split-half r", "cohen kappa quadratic"),
    "interval": ("alpha interval", "split-half r", "leave-one-out r", "icc 1", "icc 2"),
    "ratio": ("alpha ratio", "split-half r", "leave-one-out r", "icc 1", "icc 2"),
    "multi-label": ("alpha masi", "alpha jaccard"),
    "ranking": ("kendall w", "kendall tau", "spearman"),
    "trace": ("ccc", "lag"),
    "spans": ("alpha unitizing",),
}
"""What a report holds of each kind of question unless it is asked for other measures."""

"""The label columns of a release by another rule, from the opinions that it publishes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.consuming.published import Published
from affectory.pipelines.release.columns import label_columns
from affectory.pipelines.release.features import Shape
from affectory.pipelines.rule_fits import rounded
from affectory.pipelines.runner.ruled import Ruled
from affectory.quality.labelling import rule_named
from affectory.quality.published import own_views
from affectory.schemas.derived import LABELS, OPINIONS_TABLE
from affectory.schemas.errors import UserError
from affectory.schemas.opinion import PERSPECTIVES
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy
from affectory.schemas.taxonomy_parts import did_you_mean

RuleSaid = str | Mapping[str, Mapping[str, Any] | None]
"""A rule as recipes name it: `vote_share`, or `{"n_best": {"n": 3}}`."""
POOLS = ("human", "group", "model")
_VAD_MEAN = "vad_mean"


@dataclass(frozen=True)
class Relabelling:
    """How a release is labelled anew; what is not said is as its recipe has it."""

    release: Published
    rule: RuleSaid
    taxonomy: Taxonomy
    pools: tuple[str, ...]
    across: tuple[str, ...]
    perspective: str | None = None

    def table(self, splits: Sequence[str]) -> dict[str, pa.Table]:
        """By split `sample_id` and the label columns of the config `default`, a row for each sample in its order."""
        rules = [self._ruled(*_said(self.rule))]
        if rules[0].name != _VAD_MEAN:
            rules.append(self._ruled(_VAD_MEAN, {}))
        fits = {place: self._fit(rule) for place, rule in enumerate(rules) if rule.fits}
        shape = Shape(self.taxonomy.name, self.taxonomy.labels, rules[0].name, self.pools, (), {})
        made = {split: self._rows(split, rules, fits, shape) for split in splits}
        if not any(map(_labelled, made.values())):
            whose = ", ".join([*self.pools, *([self.perspective] if self.perspective else [])])
            what = f"{shape.rule} finds nothing that it counts among the opinions of {', '.join(splits)}"
            raise UserError(what, f"it looked for labels of {self.taxonomy.name} by {whose}")
        return made

    def _ruled(self, name: str, params: Mapping[str, Any]) -> Ruled:
        view = rule_named(name, params)
        getattr(view, "check", lambda _: None)(self.taxonomy)
        return Ruled(view, self.taxonomy, self.across)

    def _fit(self, rule: Ruled) -> pa.Table:
        """Of the opinions of all splits, as a build fits it."""
        splits = self.release.splits
        evidence = [rule.evidence(opinions) for split in splits for opinions in self.release.opinions(split)]
        last = _last_of(pa.concat_tables([rule.evidence(OPINIONS_TABLE.empty()), *evidence]), rule.view.most)
        return rounded(rule.fit(last.sort_by([("sample_id", "ascending"), ("opinion_id", "ascending")])))

    def _rows(self, split: str, rules: Sequence[Ruled], fits: Mapping[int, pa.Table], shape: Shape) -> pa.Table:
        views = [LABELS.empty()]
        for opinions in self.release.opinions(split):
            views += [self._seen(rule.labels(opinions, fits.get(place))) for place, rule in enumerate(rules)]
        made, ids = pa.concat_tables(views), self.release.ids(split)
        _check_kind(made, shape)
        return pa.table({"sample_id": ids, **label_columns(made, ids, shape)})

    def _seen(self, views: pa.Table) -> pa.Table:
        return views if self.perspective is None else views.filter(pc.equal(views["perspective"], self.perspective))


def _labelled(rows: pa.Table) -> bool:
    return any(rows.column(name).null_count < rows.num_rows for name in ("distribution", "vad"))


def _last_of(evidence: pa.Table, most: int) -> pa.Table:
    """What a fit sees of too many samples: those whose ids come first."""
    ids = pc.unique(evidence.column("sample_id"))
    if len(ids) <= most:
        return evidence
    last = ids.take(pc.sort_indices(ids)[most - 1 : most])[0]
    return evidence.filter(pc.less_equal(evidence.column("sample_id"), last))


def _check_kind(views: pa.Table, shape: Shape) -> None:
    """Some rules find stretches, places or words, which are no distribution over labels."""
    mine = views.filter(pc.equal(views["rule"], shape.rule))
    if mine.num_rows and not own_views(mine, shape.taxonomy, shape.rule).num_rows and "vad" not in _taxonomies(mine):
        said = ", ".join(sorted(set(mine["space"].to_pylist())))
        hint = "its labels are rows of their own: `affectory label RELEASE --rule ... --out labels.parquet`"
        raise UserError(f"{shape.rule} gives no value for each label of {shape.taxonomy}, but {said}", hint)


def _taxonomies(views: pa.Table) -> list[str]:
    found: list[str] = pc.unique(views["taxonomy"]).to_pylist()
    return found


def _said(rule: RuleSaid) -> tuple[str, Mapping[str, Any]]:
    if isinstance(rule, str):
        return rule, {}
    if len(rule) == 1:
        [(name, params)] = rule.items()
        if isinstance(params, Mapping | None):
            return name, params or {}
    raise UserError(f"{rule!r} is no rule", 'write a name, or a name with its parameters: {"n_best": {"n": 3}}')


def relabelling(
    release: Published,
    rule: RuleSaid,
    *,
    taxonomy: str | None = None,
    pools: Sequence[str] | None = None,
    perspective: str | None = None,
    across: Sequence[str] | None = None,
) -> Relabelling:
    """How to label a release by a rule; its recipe says what is not said here."""
    label = release.label
    given = {
        "pools": tuple(label.get("pools") or POOLS if pools is None else pools),
        "across": tuple(label.get("across") or () if across is None else across),
    }
    _check(given["pools"], POOLS, "pool")
    _check(given["across"], ("perspective", "whose", "modalities"), "column to count across")
    _check((perspective,) if perspective else (), PERSPECTIVES, "perspective")
    known = load_taxonomy(taxonomy) if taxonomy else release.taxonomy
    return Relabelling(release, rule, known, perspective=perspective, **given)


def _check(given: Sequence[str], allowed: Sequence[str], what: str) -> None:
    for name in given:
        if name not in allowed:
            raise UserError(f"no {what} {name!r}{did_you_mean(name, allowed)}", f"there are: {', '.join(allowed)}")

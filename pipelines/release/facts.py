"""What a card tells about a release, counted while its rows pass by."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.release.gather import Window
from affectory.schemas.ids import COUNTED, GROUP

_PEOPLE = ("human", "author", "adjudicator")
_OF_KINDS = {"image": ("image",), "audio": ("audio", "video"), "video": ("video",), "frames": ("video",)}
"""Of which kinds of sample a medium could be."""


@dataclass
class Facts:
    """Counts over all published rows."""

    samples: Counter[str] = field(default_factory=Counter)
    """By split."""
    sources: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    media: Counter[str] = field(default_factory=Counter)
    labels: Counter[tuple[str, int]] = field(default_factory=Counter)
    """By split and place in the taxonomy."""
    pools: Counter[str] = field(default_factory=Counter)
    spaces: Counter[str] = field(default_factory=Counter)
    perspectives: Counter[str] = field(default_factory=Counter)
    opinions: Counter[str] = field(default_factory=Counter)
    """By kind of rater."""
    people: set[str] = field(default_factory=set)
    not_persons: Counter[str] = field(default_factory=Counter)
    """Opinions of people who were only counted, and of groups, by how their ids begin."""
    machines: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Opinions by kind and name of raters that are not people."""
    told: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Opinions of raters that are not people by kind, name and what they were told: a prompt by name and hash."""
    judged: int = 0
    """Samples that there is any opinion about."""
    perspectives_asked: Counter[str] = field(default_factory=Counter)
    """Opinions by whose side was asked about."""
    stages: Counter[str] = field(default_factory=Counter)
    """Notes by the stage that wrote them."""
    rejects: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By stage, outcome and reason."""
    withheld: tuple[str, ...] = ()
    """What is not published and why, in words."""

    def add(self, window: Window, default: pa.Table, media: Sequence[str]) -> None:
        """Count a window's rows."""
        self.samples[window.split] += default.num_rows
        self.sources.update(_counts(window.tables["samples"]["source"]))
        self.media.update({name: default.num_rows - default[f"{name}_sha256"].null_count for name in media})
        self.labels.update({(window.split, k): n for k, n in _counts(default["label"]).items()})
        for counter, column in (
            (self.kinds, "kind"),
            (self.languages, "language"),
            (self.pools, "label_pool"),
            (self.spaces, "label_space"),
            (self.perspectives, "perspective"),
        ):
            counter.update(_counts(default[column]))
        self.stages.update(_counts(window.tables["notes"]["stage"]))
        self._add_raters(window.tables["opinions"])

    def _add_raters(self, opinions: pa.Table) -> None:
        counted = opinions.group_by(["rater_kind", "rater"]).aggregate([([], "count_all")]).to_pylist()
        for row in counted:
            kind, rater, count = row["rater_kind"], row["rater"], row["count_all"]
            self.opinions[kind] += count
            if kind in _PEOPLE:
                self._add_people(rater, count)
            else:
                self.machines[kind, rater] += count
        self.judged += pc.count_distinct(opinions["sample_id"]).as_py()
        self.perspectives_asked.update(_counts(opinions["perspective"]))
        self._add_told(opinions)

    def _add_told(self, opinions: pa.Table) -> None:
        machines = opinions.filter(pc.invert(pc.is_in(opinions["rater_kind"], value_set=pa.array(_PEOPLE))))
        told = machines.append_column("told", pc.struct_field(machines["shown"], "instructions"))
        named = told.filter(pc.is_valid(told["told"]))
        for row in named.group_by(["rater_kind", "rater", "told"]).aggregate([([], "count_all")]).to_pylist():
            self.told[row["rater_kind"], row["rater"], row["told"]] += row["count_all"]

    def _add_people(self, rater: str, count: int) -> None:
        """Those who were only counted may be few or many, and a group is not one person."""
        if rater.startswith((COUNTED, GROUP)):
            self.not_persons[rater[: len(GROUP)]] += count
        else:
            self.people.add(rater)

    def add_rejects(self, rejects: pa.Table) -> None:
        """Count what was not kept."""
        counted = rejects.group_by(["stage", "outcome", "reason"]).aggregate([([], "count_all")]).to_pylist()
        self.rejects.update({(row["stage"], row["outcome"], row["reason"]): row["count_all"] for row in counted})

    @property
    def total(self) -> int:
        """All published samples."""
        return self.samples.total()

    def limits(self, media: Sequence[str], said: Sequence[str]) -> list[str]:
        """What a user should know before trusting the data: what was `said` by its makers, then what was counted."""
        found, labelled = [*said, *self.withheld], self.pools.total()
        if labelled < self.total:
            found.append(f"{self.total - labelled} of {self.total} rows have no label.")
        people = self.pools["human"] + self.pools["group"]
        if labelled and not people:
            found.append("No label comes from people: all are aggregated from models or lexicons.")
        elif labelled > people:
            others = labelled - people
            found.append(f"{others} of {labelled} labels do not come from people: see `label_pool`.")
        if votes := self.not_persons[COUNTED]:
            found.append(f"{votes} opinions are votes that were only counted: how many people gave them is not known.")
        if groups := self.not_persons[GROUP]:
            found.append(f"{groups} opinions sum up the answers of several people: see `people`.")
        if len(self.perspectives) > 1:
            mixed = ", ".join(sorted(self.perspectives))
            found.append(f"Labels take different perspectives ({mixed}): see `perspective` before comparing them.")
        if self.spaces["multi-label"]:
            found.append("Where `label_space` is multi-label, `distribution` does not sum to one.")
        lacking = [name for name in media if not self.media[name] and self.kinds.keys() & _OF_KINDS.get(name, ())]
        return found + [f"No row has {name}." for name in lacking]


def _counts(column: Any) -> Mapping[Any, int]:
    counted = pc.value_counts(pc.drop_null(column)).to_pylist()
    return {row["values"]: row["counts"] for row in counted}


def ranked(counter: Mapping[Any, int]) -> list[tuple[Any, int]]:
    """Largest first, then by name: the same order whatever was counted first."""
    return sorted(((k, n) for k, n in counter.items() if n), key=lambda item: (-item[1], item[0]))


def licences_of(sources: pa.Table) -> dict[str, list[str]]:
    """By source, the licences that its records declare; `sources` has a row for each record."""
    said = sources.filter(pc.fill_null(pc.not_equal(sources["licence"], ""), False))
    pairs = said.group_by(["source", "licence"]).aggregate([]).to_pylist()
    found: dict[str, list[str]] = {}
    for source, licence in sorted((row["source"], row["licence"]) for row in pairs):
        found.setdefault(source, []).append(licence)
    return found

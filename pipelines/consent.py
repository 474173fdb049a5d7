"""Who agreed that what is said or shown of them goes to third parties, or that somebody speaks or writes as they do:
looked up wherever a question would be put. A licence under which nothing may be published counts as somebody in the
record who says no.

Of a no, a withdrawal and a missing yes a sample is withheld, whatever the answer ledger holds. A yes that ended stops
what would be sent from that day on; answers that were given before stand, so that no clock changes a release.
"""

import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.pipelines.columns import large
from affectory.pipelines.purposes.licences import FREELY, LICENCE, NO_DERIVATIVES, Licences
from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.store.files import PartFile
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ids import digest
from affectory.schemas.parquet import read_parquet
from affectory.schemas.recipe.people import Purpose
from affectory.schemas.types import PLACES
from affectory.transforms.base import Rejected
from affectory.transforms.fitting import Fitting
from affectory.transforms.models._conversing import Conversing

PURPOSE: Purpose = "third_parties"
IMITATING: Purpose = "synthesise"
_TELLING = frozenset({"segments", "context"})
"""Places that tell of people alone; in others `who` may be a number, or what a model calls somebody."""
_TELLS = frozenset({"speaker", *_TELLING})
PERSON = re.compile(r"p_[0-9a-f]{20}|s_[0-9a-f]{24}-\d+")
_STANDINGS = pa.schema(
    [("person_id", pa.string()), ("agreed", pa.bool_()), ("until", pa.date32()), ("imitated", pa.bool_())]
)


@dataclass(frozen=True)
class Standing:
    """What a person said: yes, no or nothing, and the day from which a yes holds no more; `imitated`: whether a voice
    may be made of theirs and a text written in their manner."""

    agreed: bool | None = None
    until: date | None = None
    imitated: bool | None = None

    def refuses(self, assumed: bool) -> str:
        """Why nothing of the person may leave on any day; empty where it may on some."""
        if self.agreed is False:
            return f"did not agree to {PURPOSE}"
        return "" if self.agreed or assumed else f"was not asked about {PURPOSE}"

    def refuses_imitation(self, required: bool) -> str:
        """Why nobody speaks or writes as the person does, on any day."""
        if self.imitated is False:
            return f"did not agree to {IMITATING}"
        return f"was not asked about {IMITATING}" if self.imitated is None and required else ""

    def ended(self, today: date, purpose: str = PURPOSE) -> str:
        return f"agreed to {purpose} until {self.until}" if self.until and self.until <= today else ""


_UNASKED = Standing()
_LICENCES = {LICENCE: Standing(False, None, False), NO_DERIVATIVES: Standing(True, None, False)}
_BY_LICENCE = tuple(_LICENCES)


def _word(standings: Mapping[str, Standing], who: str) -> Standing:
    by_licence = (standing for begins, standing in _LICENCES.items() if who.startswith(begins))
    return next(by_licence, None) or standings.get(who, _UNASKED)


@dataclass(frozen=True)
class Known:
    """Where workers find what people said, and whether those agreed whom nobody asked. Nothing known, nobody agreed."""

    file: str = ""
    assumed: bool = False
    required: bool = False
    """Whether it takes a yes to be imitated."""
    also: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Of records whose file lies there more than once, all who are in it by any of them."""


class Consent:
    """What people agreed to, as those who ask models look it up."""

    def __init__(
        self,
        standings: Mapping[str, Standing],
        assumed: bool = False,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
        required: bool = False,
    ) -> None:
        self._standings, self._assumed, self._today, self._required = standings, assumed, today, required

    @classmethod
    def read(cls, workspace: Workspace, known: Known) -> "Consent":
        root = str(workspace.root)
        return cls(_standings(root, known.file) if known.file else {}, known.assumed, required=known.required)

    def refuses(self, people: Iterable[str], model: str) -> Rejected | None:
        """Why nothing of a sample with these people goes to a third party, today or later."""
        return self._first(people, model, lambda standing: standing.refuses(self._assumed))

    def stops(self, people: Iterable[str], model: str) -> Rejected | None:
        """Why nothing of it is sent now."""
        today = self._today()
        return self._first(people, model, lambda standing: standing.refuses(self._assumed) or standing.ended(today))

    def refuses_imitation(self, people: Iterable[str], model: str) -> Rejected | None:
        """Why nothing is spoken or written as these people do, today or later."""
        return self._first(people, model, lambda standing: standing.refuses_imitation(self._required), _NOT_IMITATED)

    def stops_imitation(self, people: Iterable[str], model: str) -> Rejected | None:
        """Why nothing is now."""
        today = self._today()
        return self._first(
            people, model,
            lambda standing: standing.refuses_imitation(self._required) or standing.ended(today, IMITATING),
            _NOT_IMITATED,
        )  # fmt: skip

    def _first(
        self, people: Iterable[str], model: str, why: Callable[[Standing], str], then: str = ""
    ) -> Rejected | None:
        then = then or f"model {model} is a third party: {_WHAT_TO_DO}"
        for person in sorted(people):
            if said := why(_word(self._standings, person)):
                barred = person.startswith(_BY_LICENCE)
                told = f"{person}{_UNLICENSED}" if barred else f"{person} {said}, and {then}"
                return Rejected(0, "withheld", told)
        return None


_UNLICENSED = ", so nothing of it goes there: see `licences` and `by_licence` below `publish` in the recipe"
_NOT_IMITATED = (
    f"this step has a model speak or write as they do: record a yes in the `sidecar` of a source, under consent: "
    f"{IMITATING}"
)
_WHAT_TO_DO = (
    f"record a yes in the `sidecar` of a source, under consent: {PURPOSE}; or ask a model that is local; or, if all "
    f"who were not asked agreed, say people: {{assume: [{PURPOSE}]}}"
)


def others(stage: Stage) -> frozenset[str]:
    """The models of a stage that are third parties, by name."""
    if not stage.models:
        return frozenset()
    return frozenset(model.name for model in cast(Conversing, stage.transform).models() if not model.local)


def imitates(stage: Stage) -> bool:
    """Whether a stage makes a voice of what somebody said, or writes it anew."""
    return bool(getattr(stage.transform, "imitates", False))


def asks_consent(stage: Stage) -> bool:
    """Whether what a stage does takes somebody's consent."""
    return bool(others(stage)) or imitates(stage)


def people_in(rows: pa.Table) -> list[set[str]]:
    """Whom each row names: who speaks, in it, in its stretches and before it, and who is in other places of it.

    In a text that a model wrote here, roles and numbers are nobody; whom the record names is somebody there too.
    """
    found: list[set[str]] = [{speaker} if speaker else set() for speaker in rows.column("speaker").to_pylist()]
    for column in rows.schema:
        if column.type == PLACES:
            every = column.name in _TELLING
            for row, who in _named(rows.column(column.name)):
                if every or PERSON.fullmatch(who):
                    found[row].add(who)
    return [{who for who in people if who.startswith("p_")} if made else people
            for people, made in zip(found, _written(rows), strict=True)]  # fmt: skip


def _written(rows: pa.Table) -> list[bool]:
    """Whether a model wrote what a row says, as the steps note that do it."""
    if "origin" not in rows.column_names or rows.schema.field("origin").type != pa.string():
        return [False] * rows.num_rows
    return [origin == "synthetic" for origin in rows.column("origin").to_pylist()]


def _named(places: pa.ChunkedArray) -> Iterable[tuple[int, str]]:
    lists = places.combine_chunks()
    who = pc.struct_field(pc.list_flatten(lists), "who")
    rows = pc.list_parent_indices(lists)
    pairs = zip(rows.to_pylist(), who.to_pylist(), strict=True)
    return ((row, name) for row, name in pairs if name)


@dataclass(frozen=True)
class Crowd:
    """Who is in rows: whom they name, and whoever is in the records that they come from."""

    subjects: Mapping[str, Set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, roots: pa.Table) -> "Crowd":
        """By the rows that records begin as."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for record, people in zip(_records(roots), people_in(roots), strict=True):
            found[record] |= people
        return cls({record: people for record, people in found.items() if people})

    def with_also(self, more: Iterable[tuple[str, Iterable[str]]]) -> "Crowd":
        """The same with further people in records."""
        found = {record: {*self.subjects.get(record, ()), *people} for record, people in more}
        return Crowd({**self.subjects, **found})

    def __call__(self, rows: pa.Table) -> list[tuple[str, ...]]:
        named = zip(_records(rows), people_in(rows), strict=True)
        return [tuple(sorted(people | self.subjects.get(record, set()))) for record, people in named]


def _records(rows: pa.Table) -> list[str]:
    found: list[str] = pc.struct_field(rows.column("anchor"), "record").to_pylist()
    return found


@dataclass(frozen=True)
class Agreements:
    """What people said as a plan knows it, and who is in which partition."""

    standings: Mapping[str, Standing]
    assumed: bool
    by_root: Mapping[str, frozenset[str]]
    required: bool = False
    """Whether it takes a yes to be imitated."""
    also: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = field(default_factory=dict)
    """By partition the records whose file lies there more than once, with all who are in them, and those under a
    licence that stands against it."""
    unlicensed: int = 0
    """Records under such licences."""

    @classmethod
    def of(
        cls,
        workspace: Workspace,
        index: pa.Table,
        assumed: bool,
        required: bool = False,
        again: pa.Table | None = None,
        licences: Licences = FREELY,
    ) -> "Agreements":
        newest: dict[str, dict[str, Any]] = {}
        for row in sorted(workspace.ledger("people").read().to_pylist(), key=lambda r: int(r["revision"])):
            newest[row["person_id"]] = row
        standings = {person: _standing(row) for person, row in newest.items()}
        sources = workspace.ledger("sources").read()
        peopled, barred = _peopled(sources, index), _unlicensed(sources, index, licences)
        also = _also(peopled, again, barred)
        unlicensed = sum(why.startswith(LICENCE) for _, _, (why, *_) in barred)
        return cls(standings, assumed, _by_root([*peopled, *barred]), required, also, unlicensed)

    def key(self, people: Iterable[str], voices: bool) -> tuple[object, ...]:
        """What a stage that asks third parties depends on beside its rows: nothing where all simply agreed.

        `voices`: whether there may be people in it that steps before numbered, of whom no ledger knows.
        """
        open_ = [(person, _word(self.standings, person)) for person in sorted(people)]
        said = [[p, s.agreed, str(s.until or "")] for p, s in open_ if s.until or s.refuses(self.assumed)]
        more = ["assumed"] if voices and self.assumed else []
        return (PURPOSE, said, more) if said or more else ()

    def imitation_key(self, people: Iterable[str]) -> tuple[object, ...]:
        """The same for a stage that imitates people."""
        open_ = [(person, _word(self.standings, person)) for person in sorted(people)]
        said = [[p, s.imitated, str(s.until or "")] for p, s in open_ if s.until or s.refuses_imitation(self.required)]
        return (IMITATING, said, self.required) if said or self.required else ()

    @property
    def refusing(self) -> frozenset[str]:
        """People in records of whom nothing goes to third parties."""
        people = set[str]().union(*self.by_root.values())
        named = (person for person in people if not person.startswith(_BY_LICENCE))
        return frozenset(p for p in named if self.standings.get(p, _UNASKED).refuses(self.assumed))

    def known_in(self, root: str) -> Known:
        """What one partition has to know."""
        return replace(self.known, also=self.also.get(root, ()))

    @cached_property
    def known(self) -> Known:
        rows = [[p, s.agreed, str(s.until or ""), s.imitated] for p, s in sorted(self.standings.items())]
        return Known(f"consent/{digest(rows)}.parquet", self.assumed, self.required)

    def write(self, workspace: Workspace) -> None:
        """Put it where workers read it."""
        files, name = workspace.records(), self.known.file
        if not files.exists(name):
            rows = [{"person_id": p, **vars(s)} for p, s in sorted(self.standings.items())]
            buffer = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(rows, _STANDINGS), buffer)
            files.create(name, buffer.getvalue())


def _standing(row: Mapping[str, Any]) -> Standing:
    agreed = dict(row["consent"] or [])
    said = (False if row["withdrawn"] else agreed.get(purpose) for purpose in (PURPOSE, IMITATING))
    return Standing(next(said), row["expires"], next(said))


Peopled = Sequence[tuple[str, str, list[str]]]
"""Records, each with its partition and who is in it."""


def _peopled(sources: pa.Table, index: pa.Table) -> Peopled:
    """The records in which people are."""
    peopled = sources.filter(pc.greater(pc.fill_null(pc.list_value_length(sources.column("subjects")), 0), 0))
    return _placed(peopled, index, "subjects")


def _unlicensed(sources: pa.Table, index: pa.Table, licences: Licences) -> Peopled:
    """The records whose licence stands against something, which is in them like somebody."""
    given = {name: licences.against(name or "") for name in pc.unique(sources.column("licence")).to_pylist()}
    if not any(given.values()):
        return []
    names = sources.column("licence").to_pylist()
    barred = sources.filter(pa.array([bool(given[name]) for name in names], pa.bool_()))
    return [(root, record, [*given[name]]) for root, record, name in _placed(barred, index, "licence")]


def _placed(sources: pa.Table, index: pa.Table, column: str) -> list[tuple[str, str, Any]]:
    """Of records that are there now their partition, their id and a column."""
    at = pc.index_in(_keys(index), value_set=_keys(sources).combine_chunks())
    here = index.filter(pc.is_valid(at))
    values = sources.column(column).take(at.drop_null()).to_pylist()
    return list(zip(here.column("root").to_pylist(), here.column("record_id").to_pylist(), values, strict=True))


def _also(
    peopled: Peopled, again: pa.Table | None, barred: Peopled
) -> dict[str, tuple[tuple[str, tuple[str, ...]], ...]]:
    twice = set(again.column("record_id").to_pylist()) if again is not None else set()
    found: defaultdict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for root, record, people in (*(one for one in peopled if one[1] in twice), *barred):
        found[root][record].update(people)
    return {root: tuple((one, tuple(sorted(who))) for one, who in sorted(of.items())) for root, of in found.items()}


def _by_root(peopled: Peopled) -> dict[str, frozenset[str]]:
    """The people of each partition's records."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for root, _, people in peopled:
        found[root].update(people)
    return {root: frozenset(people) for root, people in found.items()}


def _keys(records: pa.Table) -> pa.ChunkedArray:
    named = large(records.select(["record_id", "fingerprint"]))
    return pc.binary_join_element_wise(*named.columns, pa.scalar(" ", pa.large_string()))


@lru_cache(maxsize=4)
def _standings(root: str, name: str) -> Mapping[str, Standing]:
    table = pq.read_table(io.BytesIO(Workspace(root).records().read(name)))
    return {row["person_id"]: Standing(row["agreed"], row["until"], row["imitated"]) for row in table.to_pylist()}


@dataclass
class Chained:
    """What the stages of one partition depend on of what people agreed to, from the first to the last."""

    agreements: Agreements | None = None
    people: set[str] = field(default_factory=set)
    voices: bool = False
    """Whether a step before tells people apart, of whom no ledger knows."""

    @classmethod
    def of(cls, agreements: Agreements | None, root: str) -> "Chained":
        return cls(agreements, set(agreements.by_root.get(root, ())) if agreements else set())

    def past(self, stage: Stage) -> tuple[object, ...]:
        """What counts of it for the next stage: nothing for one that asks no third party and imitates nobody."""
        self.voices = self.voices or not _TELLS.isdisjoint(stage.transform.writes())
        if self.agreements is None:
            return ()
        asked = self.agreements.key(self.people, self.voices) if others(stage) else ()
        return (*asked, *(self.agreements.imitation_key(self.people) if imitates(stage) else ()))

    def told(self, stage: Stage, location: str, part: str) -> None:
        """Past a fit rows name people of other partitions, too."""
        places = [name for name, dtype in cast(Fitting, stage.transform).told().items() if dtype == PLACES]
        if self.agreements is not None and places and part:
            table = read_parquet(PartFile(location, part), places)
            self.people |= {who for name in places for _, who in _named(table.column(name))}

"""Refusing what comes back of a person who was forgotten, without writing down what it was."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.records import FILE_KINDS
from affectory.pipelines.store.forgotten import WHY, Forgotten
from affectory.transforms.sources.base import Inner, Refused

_REASON = "withheld"
_QUOTED = re.compile(r"'([^']*)'")


@dataclass(frozen=True)
class Refusing:
    """Knows records again that are of a person who was forgotten, or are made of their files."""

    forgotten: Forgotten

    def __bool__(self) -> bool:
        return bool(self.forgotten)

    @property
    def version(self) -> str:
        return self.forgotten.version

    def admitted(self, rows: pa.Table) -> pa.Table:
        """The records of all others."""
        if not self.forgotten or not rows.num_rows:
            return rows
        barred = pa.array([False] * rows.num_rows)
        for name in ("record_id", "fingerprint", "asset_id"):
            column = rows.column(name)
            known = self.forgotten.among(pc.unique(column).to_pylist())
            found = pc.is_in(column, value_set=pa.array(sorted(known), pa.string()))
            if name == "asset_id":  # that of a text is its table, in which others are too
                found = pc.and_(found, pc.is_in(rows.column("kind"), value_set=pa.array(FILE_KINDS)))
            barred = pc.or_(barred, found)
        for found in (self._with_people(rows), self._with_recordings(rows)):
            barred = pc.or_(barred, found)
        return rows.filter(pc.invert(barred))

    def _with_people(self, rows: pa.Table) -> pa.Array:
        subjects = rows.column("subjects").to_pylist()
        known = self.forgotten.among(person for people in subjects for person in people or ())
        return pa.array([not known.isdisjoint(people or ()) for people in subjects])

    def _with_recordings(self, rows: pa.Table) -> pa.Array:
        """Events of which a recording was forgotten, whoever else recorded them."""
        events = rows.column("members").to_pylist()
        known = self.forgotten.among(member["asset"] for members in events for member in members or ())
        return pa.array([any(member["asset"] in known for member in members or ()) for members in events])

    def refused(self, count: int) -> list[Refused]:
        """So many records, of which nothing is said."""
        return [Refused("", _REASON, WHY)] * count

    def inner(self, inner: Sequence[Inner], rows: pa.Table, admitted: pa.Table) -> Sequence[Inner]:
        """Media found inside a file, without those of refused records alone."""
        if rows.num_rows == admitted.num_rows:
            return inner
        named = [set(table.column("asset_id").to_pylist()) for table in (rows, admitted)]
        gone = named[0] - named[1]
        for one in inner:
            if one.asset in gone and one.path is not None:
                one.path.unlink(missing_ok=True)
        return [one for one in inner if one.asset not in gone]

    def masked(
        self, refused: Sequence[tuple[str, Refused]], pseudonym: Callable[[str], str]
    ) -> list[tuple[str, Refused]]:
        """What was refused, without places, rows and words that lead to them; told apart by number alone."""
        if not self.forgotten:
            return list(refused)
        found, count = [], 0
        for source, one in refused:
            if not one.uri or self.forgotten.names(one.uri) or self.forgotten.names(one.row):
                count += 1
                one = replace(one, uri="", reason=_REASON, detail=f"{WHY} ({count})", row="")
            elif any(self._is_of_them(word, pseudonym) for word in _QUOTED.findall(one.detail)):
                one = replace(one, detail=f"some of what it names {WHY}", row="")
            found.append((source, one))
        return found

    def _is_of_them(self, word: str, pseudonym: Callable[[str], str]) -> bool:
        return self.forgotten.names(word) or self.forgotten.knows(pseudonym(word))

"""Texts that are not published before somebody saw to them: with personal data left in, or of people in danger."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.consent import people_in
from affectory.pipelines.purposes.barred import Barred, Deciding
from affectory.pipelines.purposes.rows import batches, strings
from affectory.pipelines.purposes.words import NOTHING_SAID
from affectory.schemas.ids import COUNTED, GROUP
from affectory.schemas.parquet import Part
from affectory.schemas.recipe.people import People

PERSONAL = ("personal", "person_names")
"""Notes that tell where personal data was found."""
CRISIS = "crisis"
HELD = Barred("held: signs of danger that no person has judged")
_PERSONAL = Barred("personal data: found in it")
_UNMASKED = Barred("personal data: not masked")
_NOT_AGREED = Barred("personal data: not all in it agreed to publish_features")
_PEOPLE = ("human", "adjudicator")
Tables = Mapping[str, Sequence[Part]]
Place = Mapping[str, Any]


def careful(
    people: People, noted: Collection[str], tables: Tables, sources: pa.Table, deciding: Deciding
) -> Iterator[tuple[str, Barred]]:
    """The samples that are not published as a whole for what is written in them, as far as steps note it."""
    wanted = (PERSONAL if people.personal_data else ()) + ((CRISIS,) if people.crisis == "hold" else ())
    sought = [name for name in wanted if name in noted]
    places = _places(tables["notes"], sought) if sought else {}
    personal = {sample: named for sample, named in places.items() if named.keys() & {*PERSONAL}}
    if people.personal_data == "drop":
        yield from ((sample, _PERSONAL) for sample in personal)
    elif personal:
        yield from _left_in(people, personal, tables["samples"], sources, deciding)
    danger = {sample for sample, named in places.items() if CRISIS in named}
    yield from ((sample, HELD) for sample in danger - _judged(tables["opinions"], danger))


def _places(notes: Sequence[Part], sought: Sequence[str]) -> dict[str, dict[str, list[Place]]]:
    """By sample and note what was found."""
    found: defaultdict[str, dict[str, list[Place]]] = defaultdict(dict)
    for batch in batches(notes, ("sample_id", "name", "places")):
        some = pc.greater(pc.fill_null(pc.list_value_length(batch["places"]), 0), 0)
        rows = batch.filter(pc.and_(some, pc.is_in(batch["name"], value_set=pa.array(sought))))
        for row in rows.to_pylist():
            found[row["sample_id"]][row["name"]] = row["places"]
    return dict(found)


def _left_in(
    people: People,
    personal: Mapping[str, Mapping[str, list[Place]]],
    samples: Sequence[Part],
    sources: pa.Table,
    deciding: Deciding,
) -> Iterator[tuple[str, Barred]]:
    """Of samples in whose text personal data still stands, those that may not be published so."""
    subjects: dict[str, list[str]] = {}
    for batch in batches(samples, ("sample_id", "anchor", "speaker", "segments", "text")):
        rows = batch.filter(pc.is_in(batch["sample_id"], value_set=strings(personal)))
        if rows.num_rows and not subjects and people.personal_data == "keep":
            subjects = dict(zip(sources["record_id"].to_pylist(), sources["subjects"].to_pylist(), strict=True))
        texts, anchors = rows["text"].to_pylist(), rows["anchor"].to_pylist()
        for sample, text, anchor, who in zip(
            rows["sample_id"].to_pylist(), texts, anchors, people_in(rows), strict=True
        ):
            found = [place for name in PERSONAL for place in personal[sample].get(name, ())]
            if all(_masked(text or "", place) for place in found):
                continue
            agreed = _agreed({*who, *(subjects.get(anchor["record"]) or ())}, deciding)
            if people.personal_data == "mask" or not agreed:
                yield sample, _UNMASKED if people.personal_data == "mask" else _NOT_AGREED


def _masked(text: str, place: Place) -> bool:
    start, end = place["char_start"], place["char_end"]
    return start is not None and text[start:end] in (f"[{place['kind']}]", "[name]")


def _agreed(people: Collection[str], deciding: Deciding) -> bool:
    """Whether there is somebody, and all said yes outright."""
    words = [deciding.words.get(person, NOTHING_SAID) for person in people]
    return bool(words) and all(word.consent.get("publish_features") for word in words)


def _judged(opinions: Sequence[Part], danger: Collection[str]) -> set[str]:
    """Those of some samples that somebody judged who can be asked, which is nobody of whom only votes are known."""
    found, wanted = set[str](), strings(danger)
    for batch in batches(opinions, ("sample_id", "rater_kind", "rater")) if danger else ():
        rows = batch.filter(
            pc.and_(
                pc.is_in(batch["sample_id"], value_set=wanted),
                pc.is_in(batch["rater_kind"], value_set=pa.array(_PEOPLE)),
            )
        )
        pairs = zip(rows["sample_id"].to_pylist(), rows["rater"].to_pylist(), strict=True)
        found |= {sample for sample, rater in pairs if not rater.startswith((COUNTED, GROUP))}
    return found

"""What is known of records beside their own files: tables of subjects and consent, cut lists, subtitles."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import ConfigDict, Field

from affectory.schemas.recipe.people import Purpose
from affectory.transforms.base import STRICT
from affectory.transforms.sources._tables import ColumnName

PURPOSES = get_args(Purpose)
FactName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,40}$")]
JOINS = ("file", "stem", "key", "subject")


def _column(what: str) -> Any:
    return Field(description=what)


@dataclass(frozen=True, kw_only=True)
class Consent:
    """Columns that say yes or no to a purpose; an empty cell says nothing."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    annotate: Annotated[ColumnName | None, _column("may people judge it")] = None
    third_parties: Annotated[ColumnName | None, _column("may it be sent to services of others")] = None
    publish_media: Annotated[ColumnName | None, _column("may its media be published")] = None
    publish_features: Annotated[ColumnName | None, _column("may what was measured of it be published")] = None
    train: Annotated[ColumnName | None, _column("may models be trained on it")] = None
    synthesise: Annotated[ColumnName | None, _column("may a voice or face be made from it")] = None

    def columns(self) -> Mapping[str, str]:
        """The columns by purpose."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name))}


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """A table with a row for each record or person, found by one of file, stem, key and subject."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    path: Annotated[str, Field(min_length=1, description="CSV, TSV, JSON, JSON lines or Parquet, or an address")]
    file: Annotated[ColumnName | None, _column("column with the record's path below the source, or its name")] = None
    stem: Annotated[ColumnName | None, _column("column with the name of its file without ending")] = None
    key: Annotated[ColumnName | None, _column("column with its declared key")] = None
    subject: Annotated[ColumnName | None, _column("column with its speaker as the source names it")] = None
    speaker: Annotated[ColumnName | None, _column("column with who speaks or is shown")] = None
    session: Annotated[ColumnName | None, _column("column with the recording session")] = None
    licence: Annotated[ColumnName | None, _column("column with its licence")] = None
    language: Annotated[ColumnName | None, _column("column with its language, as a BCP 47 code")] = None
    text: Annotated[ColumnName | None, _column("column with what is said")] = None
    keep: Annotated[tuple[ColumnName, ...], Field(description="further columns to keep, as text")] = ()
    consent: Annotated[Consent | None, _column("what the speaker agreed to, by purpose")] = None
    facts: Annotated[
        Mapping[FactName, ColumnName] | None,
        _column("what the speaker declared about themselves: by name, as gender or age_band, the column that says it"),
    ] = None
    expires: Annotated[ColumnName | None, _column("column with the day on which consent ends, as 2026-12-31")] = None
    embargo: Annotated[ColumnName | None, _column("column with the day before which nothing is published")] = None

    def __post_init__(self) -> None:
        _one_join(self, JOINS)

    @property
    def join(self) -> tuple[str, str]:
        """How rows are joined to records, and the column that says to which."""
        return next((name, value) for name in JOINS if (value := getattr(self, name)))

    @property
    def grants(self) -> bool:
        """Whether it says what people agreed to."""
        return bool((self.consent and self.consent.columns()) or self.expires or self.embargo)


@dataclass(frozen=True, kw_only=True)
class Segments:
    """Stretches of recordings or parts of pictures: a table with a row for each, or RTTM, SRT and VTT files."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    path: Annotated[str, Field(min_length=1, description="table, .rttm, .srt or .vtt, a folder of them, or an address")]
    file: Annotated[ColumnName | None, _column("of a table, the column with the recording's path or name")] = None
    stem: Annotated[ColumnName | None, _column("likewise its name without ending")] = None
    key: Annotated[ColumnName | None, _column("likewise its declared key")] = None
    start: Annotated[ColumnName, _column("column with where a stretch starts")] = "start"
    end: Annotated[ColumnName, _column("column with where it ends")] = "end"
    unit: Annotated[
        Literal["s", "ms", "us"], _column("of numbers in these columns; 00:01:02.5 is understood as well")
    ] = "s"
    box: Annotated[
        tuple[ColumnName, ColumnName, ColumnName, ColumnName] | None,
        _column("of pictures, instead of times: columns with x, y, width and height, in pixels of the picture upright"),
    ] = None
    who: Annotated[ColumnName | None, _column("column with who speaks in it, or is shown")] = None
    who_is: Annotated[
        Literal["recording", "everywhere"] | None,
        Field(
            description="where a name is the same person: in its recording alone, or everywhere; by default in its "
            "recording for RTTM, which machines write (SPEAKER_00), and everywhere for all others"
        ),
    ] = None
    text: Annotated[ColumnName | None, _column("column with what is said in it")] = None
    kind: Annotated[
        str | None, Field(pattern="[a-z][a-z_]{0,40}", description="what they are; by default utterance, turn or part")
    ] = None

    def __post_init__(self) -> None:
        if sum(bool(getattr(self, name)) for name in ("file", "stem", "key")) > 1:
            _one_join(self, ("file", "stem", "key"))


def _one_join(given: Any, names: tuple[str, ...]) -> None:
    count = sum(bool(getattr(given, name)) for name in names)
    if count != 1:
        raise ValueError(f"give one of {', '.join(names)}: the column that says of which record a row speaks")


@dataclass(frozen=True, kw_only=True)
class Described:
    """Parameters of every source whose records may be described beside their files."""

    sidecar: Annotated[Sidecar | None, Field(description="table of subjects, sessions, licences and consent")] = None
    segments: Annotated[Segments | None, Field(description="stretches of the recordings: who speaks, what is said")] = (
        None
    )

    beside: ClassVar[tuple[tuple[str, ...], ...]] = (("media_root",), ("sidecar", "path"), ("segments", "path"))
    """Parameters that are places."""

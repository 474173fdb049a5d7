"""Cues that captions name, and what was measured that can bear them out or not."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

UNKNOWN, CONTRADICTED, BORNE_OUT = -1, 0, 1
_FACES = ("faces", "face_tracks")
_UNITS = "action_units"
_SEEN_UNIT, _SOME = 1.0, 0.02
_DENIED = re.compile(
    r"\b(?:no|not|never|without|nor|neither|hardly|barely|cannot|lack(?:s|ing)?(?: of)?|\w+n['’]t)(?:\W+\w+){0,2}\W+$",
    re.IGNORECASE,
)
Status = NDArray[np.int8]


@dataclass(frozen=True)
class Cue:
    """A cue, the English words for it, and what must be there: a face, one of some action units in it, a number that
    is not among the lowest third (`high`) or the highest (`low`), or is not nothing (`some`)."""

    name: str
    words: str
    needs: Literal["face", "unit", "high", "low", "some"]
    of: tuple[str, ...] = ()

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{self.words})\b", re.IGNORECASE)

    def named(self, text: str) -> bool:
        """Whether a text says that it is there; one that says that it is not does not."""
        return any(not _DENIED.search(text[max(0, m.start() - 40) : m.start()]) for m in self.pattern.finditer(text))


CUES = (
    Cue("smile", r"smil(?:e|es|ed|ing)|grin(?:s|ned|ning)?|beaming", "unit", ("AU12", "AU06")),
    Cue("frown", r"frown(?:s|ed|ing)?|furrowed|knitted brows?|scowl(?:s|ed|ing)?", "unit", ("AU04",)),
    Cue("raised brows", r"raised (?:eye)?brows?|raises? (?:his|her|their) (?:eye)?brows?", "unit", ("AU01", "AU02")),
    Cue("wide eyes", r"wide[- ]eyed|eyes (?:are )?(?:wide|widen(?:ed|ing)?)|wide(?:ned)? eyes", "unit", ("AU05",)),
    Cue("pressed lips", r"pressed lips|lips (?:are )?pressed|tight(?:ened)? lips", "unit", ("AU23", "AU24")),
    Cue("open mouth", r"open mouth|mouth (?:is )?(?:wide )?open|jaw drops?", "unit", ("AU25", "AU26", "AU27")),
    Cue("tears", r"tear(?:s|ful|y)|teary[- ]eyed|weeping", "face"),
    Cue("face", r"facial expressions?|(?:his|her|their) (?:face|eyes|lips|mouth|eyebrows|gaze)", "face"),
    Cue("loud voice", r"loud(?:ly)?|shout(?:s|ed|ing)?|yell(?:s|ed|ing)?|scream(?:s|ed|ing)?", "high",
        ("loudness_lufs", "energy_dbfs", "loudness_dbfs")),
    Cue("soft voice", r"whisper(?:s|ed|ing)?|soft(?:ly)?[- ](?:spoken|voice)|quiet voice|speaks? (?:softly|quietly)",
        "low", ("loudness_lufs", "energy_dbfs", "loudness_dbfs")),
    Cue("high pitch", r"high[- ]pitched|shrill|high pitch|raised pitch", "high", ("pitch_hz",)),
    Cue("low pitch", r"low[- ]pitched|low pitch|deep voice", "low", ("pitch_hz",)),
    Cue("fast speech", r"(?:fast|rapid|quick)(?:ly)? (?:speech|pace|tempo)|speaks? (?:fast|rapidly|quickly)", "high",
        ("syllable_rate_hz",)),
    Cue("slow speech", r"slow(?:ly)? (?:speech|pace|tempo)|speaks? slowly", "low", ("syllable_rate_hz",)),
    Cue("monotone", r"monoton(?:e|ous|ously)|flat (?:tone|voice|intonation)", "low", ("pitch_sd_st", "pitch_range_st")),
    Cue("pauses", r"paus(?:e|es|ed|ing)|hesitat(?:es?|ed|ing|ions?|ingly)", "some", ("pause_count", "pause_share")),
    Cue("music", r"(?:background )?music", "some", ("sound_music_share",)),
    Cue("singing", r"singing|sings?", "some", ("sound_singing_share",)),
)  # fmt: skip
"""What a caption may claim without anything to bear it out. Voices are compared within the dataset."""


@dataclass
class Facts:
    """What was measured of each sample, as far as cues need it."""

    numbers: dict[str, dict[str, float]] = field(default_factory=dict)
    faces: dict[str, bool] = field(default_factory=dict)
    units: dict[str, dict[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, notes: pa.Table) -> "Facts":
        found, wanted = cls(), {name for cue in CUES for name in cue.of}
        for row in notes.select(["sample_id", "name", "number", "places"]).to_pylist():
            if row["name"] in _FACES and row["places"] is not None:
                found.faces[row["sample_id"]] = found.faces.get(row["sample_id"], False) or bool(row["places"])
            elif row["name"] == _UNITS and row["places"] is not None:
                found.units[row["sample_id"]] = _strongest(row["places"])
            elif row["name"] in wanted and row["number"] is not None:
                found.numbers.setdefault(row["name"], {})[row["sample_id"]] = row["number"]
        return found

    def status(self, cue: Cue, samples: Sequence[str]) -> Status:
        """Of each sample whether what was measured bears a cue out, contradicts it, or says nothing of it."""
        if cue.needs in ("face", "unit"):
            return np.array([self._seen(cue, sample) for sample in samples], np.int8)
        name = next((name for name in cue.of if name in self.numbers), None)
        if name is None:
            return np.full(len(samples), UNKNOWN, np.int8)
        values = np.array([self.numbers[name].get(sample, np.nan) for sample in samples])
        wrong = self._wrong(cue, name, values)
        return np.where(np.isnan(values), UNKNOWN, np.where(wrong, CONTRADICTED, BORNE_OUT)).astype(np.int8)

    def _wrong(self, cue: Cue, name: str, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        low, high = np.quantile(np.sort(list(self.numbers[name].values())), [1 / 3, 2 / 3])
        found = {"high": values < low, "low": values > high, "some": values < _SOME}[cue.needs]
        return np.asarray(found)

    def _seen(self, cue: Cue, sample: str) -> int:
        if cue.needs == "unit" and sample in self.units:
            most = max((score for unit, score in self.units[sample].items() if unit in cue.of), default=0.0)
            return BORNE_OUT if most >= _SEEN_UNIT else CONTRADICTED
        seen = self.faces.get(sample)
        return UNKNOWN if seen is None else BORNE_OUT if seen else CONTRADICTED


def _strongest(places: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Each unit without its side, at its strongest."""
    found: dict[str, float] = {}
    for place in places:
        unit = (place["kind"] or "").rstrip("LR")
        found[unit] = max(place["score"] or 0.0, found.get(unit, 0.0))
    return found

"""What a recipe may say about releases: what they hold, how they are cut, and how they are told about."""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from affectory.schemas.recipe.part import Part, Text

SHARES_TOLERANCE = 1e-9
SPLIT_NAME = r"^[a-z_]+$"
DEFAULT_SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}

Share = Annotated[float, Field(ge=0, le=1)]
Config = Literal["default", "opinions", "labels", "notes", "samples"]
Medium = Literal["image", "audio", "video", "frames"]
Group = Literal["record", "speaker", "dialogue", "session", "source", "duplicates"]


def _split_names(schema: dict[str, Any]) -> None:
    schema["propertyNames"] = {"pattern": SPLIT_NAME}


def _all_shares(shares: dict[str, float]) -> str:
    """The keys to set; a lone `train` was meant to stand beside the others that are usual."""
    usual = DEFAULT_SHARES if set(shares) <= set(DEFAULT_SHARES) else {}
    return ", ".join(f"publish.splits.{name}" for name in {**usual, **shares})


class Splits(Part):
    """Into which parts the samples are divided: any names with shares that add up to 1."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_split_names)
    __pydantic_extra__: dict[Annotated[str, StringConstraints(pattern=SPLIT_NAME)], Share] = Field(init=False)

    by: Annotated[tuple[Group, ...], Field(strict=False, min_length=1)] = ("speaker", "source")
    """What never crosses splits: samples that share any of these go to the same split. `source` is the original file or
    record that a sample was cut from, not an entry of the recipe's `sources`; `record` is one record, `speaker` one
    person, `dialogue` one conversation, `session` one recording session, `duplicates` what is nearly the same."""

    @property
    def shares(self) -> dict[str, float]:
        """The share of each split; the defaults hold only where no split is named."""
        return {name: float(share) for name, share in self.__pydantic_extra__.items()} or dict(DEFAULT_SHARES)

    @model_validator(mode="after")
    def _add_up(self) -> "Splits":
        total = math.fsum(self.shares.values())
        if abs(total - 1) > SHARES_TOLERANCE:
            given = " + ".join(f"{name} {share:g}" for name, share in self.shares.items())
            facts = {"given": f"{given} = {total:.10g}", "allowed": "shares that add up to 1"}
            facts["hint"] = f"give all shares, on the command line with a --set for each: {_all_shares(self.shares)}"
            raise PydanticCustomError("shares", "the shares do not add up to 1", facts)
        return self

    @model_serializer
    def _write(self) -> dict[str, Any]:
        return {"by": list(self.by), **self.shares}


class Demographics(Part):
    """What is published of people, so that no few of them stand out."""

    columns: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    """Which of the facts that people declared about themselves, those that may be blurred first at the front."""
    least: Annotated[int, Field(ge=2)] = 5
    """How many people at least share all that is published of any of them; with fewer, fact after fact is left out."""


_Prose = Annotated[Text | None, Field(max_length=5000)]


class Statement(Part):
    """What a reader must know of the data and cannot count, after Bender and Friedman's data statements and Gebru's
    datasheets; it stands in the card of each release. `affectory plan` names what is left out."""

    curation_rationale: _Prose = None
    """Why these sources and samples, and what was left out on purpose."""
    language_variety: _Prose = None
    """Which languages and varieties, beyond their codes: regions, registers, who learnt them late."""
    speaker_demographics: _Prose = None
    """Who speaks or is shown, as far as they said so: age, gender, origin, first language."""
    annotator_demographics: _Prose = None
    """Who judged: the same of them, and what they were trained for."""
    speech_situation: _Prose = None
    """When, where and for whom it was said: acted, staged or met; alone, in pairs, before an audience."""
    text_characteristics: _Prose = None
    """Genre and topics, and what of them may shape emotions."""
    recording_quality: _Prose = None
    """Devices, noise, light, compression; what was repaired."""
    intended_uses: _Prose = None
    """What it is made for."""
    misuses: _Prose = None
    """What it must not be used for, and what would go wrong."""
    ethical_review: _Prose = None
    """Who looked at it and allowed it, and how people consented."""
    compensation: _Prose = None
    """What those who judged, spoke or were recorded got for it."""
    maintenance: _Prose = None
    """Who mends and answers, how long, and how rows are taken back."""
    contact: _Prose = None
    """Where to write to."""


def _with_default(configs: tuple[str, ...]) -> tuple[str, ...]:
    if "default" not in configs:
        facts = {"allowed": "default, and any others", "hint": f"write [{', '.join(('default', *configs))}]"}
        raise PydanticCustomError("configs", "a release without default cannot be loaded", facts)
    return configs


class Publish(Part):
    """What a release holds and how it is cut."""

    to: Text = "releases"
    """Folder for releases, an `s3://` address, or a dataset on the hub: `hf://datasets/org/name`."""
    configs: Annotated[
        tuple[Config, ...],
        Field(strict=False, min_length=1, json_schema_extra={"contains": {"const": "default"}}),
        AfterValidator(_with_default),
    ] = ("default", "opinions")
    """Which tables become configurations that `load_dataset` can name; `default` is always one of them. `labels` comes
    by itself where `label.also` names further rules and nothing is said here."""
    media: Annotated[tuple[Medium, ...], Field(strict=False)] = ("image", "audio", "video", "frames")
    """Which media are embedded; the others are left out of the release."""
    licences: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    """Licences of sources that are accepted, as `CC-BY-4.0` or `CC-BY-*`; of records with others nothing is published.
    Without it all are."""
    require_licence: bool = False
    """Whether nothing is published of a record without a licence."""
    by_licence: dict[Text, Literal["media", "features", "nothing"]] = Field(default_factory=dict)
    """What may be published under a licence, by its name or a pattern with `*`; the first that fits counts. `media`:
    all; `features`: all but media; where none fits, `features` of a licence that allows no derivatives, else all."""
    people: Demographics | None = None
    """Whether a configuration `people` tells of those who speak and judge, and what of them."""
    statement: Statement = Field(default_factory=Statement)
    """What cannot be counted: who speaks, who judged, what it is for; printed in the card."""
    splits: Splits = Field(default_factory=Splits)
    shard_mb: Annotated[int, Field(ge=1)] = 256
    """Size at which a Parquet file is full, in megabytes."""

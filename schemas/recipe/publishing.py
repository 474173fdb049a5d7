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
    splits: Splits = Field(default_factory=Splits)
    shard_mb: Annotated[int, Field(ge=1)] = 256
    """Size at which a Parquet file is full, in megabytes."""

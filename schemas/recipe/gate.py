"""What a recipe may say about the gate that a dataset must pass before it is published."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, model_serializer
from pydantic_core import PydanticCustomError

from affectory.schemas.recipe.part import Part, Text
from affectory.schemas.recipe.step import Step

Share = Annotated[float, Field(ge=0, le=1)]
Severity = Literal["blocks", "warns", "tells"]
Table = Literal["samples", "notes", "opinions", "labels", "rejects", "sources", "people"]
Suite = Literal["rules", "default"]
_PREFIX = "expect_"


class Audit(Step):
    """One audit: its name, or one key (the name) above its parameters."""

    _called: ClassVar[str] = "audit"


def _without_prefix(name: Any) -> Any:
    if isinstance(name, str) and name.startswith(_PREFIX):
        facts = {"allowed": f"its name without `{_PREFIX}` in front", "hint": f"write {name.removeprefix(_PREFIX)}"}
        raise PydanticCustomError("expect", "not of the allowed form", facts)
    return name


class Expectation(Part):
    """An expectation of your own about one table, as Great Expectations has them; further keys are its arguments."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    table: Table
    """About which table."""
    expect: Annotated[Text, Field(pattern=r"^column_[a-z_]+$"), BeforeValidator(_without_prefix)]
    """Which expectation, without `expect_` in front: column_values_to_match_regex."""
    severity: Severity = "blocks"
    """What follows where it is not met: `blocks` publishes nothing, `warns` and `tells` say so."""
    mostly: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the rows that must meet it; not of what is about a column as a whole."""
    where: dict[Text, bool | int | float | str] = Field(default_factory=dict)
    """Only about rows with these values: `{name: speech_rate}`."""
    means: Text | None = None
    """What is wrong where it is not met, in your words."""

    @property
    def arguments(self) -> dict[str, JsonValue]:
        return dict(self.__pydantic_extra__)

    @model_serializer
    def _write(self) -> dict[str, JsonValue]:
        own: dict[str, JsonValue] = {"table": self.table, "expect": self.expect, "severity": self.severity}
        more: dict[str, JsonValue] = {"mostly": self.mostly}
        if self.where:
            more["where"] = {**self.where}
        if self.means:
            more["means"] = self.means
        return {**own, **more, **self.arguments}


class Adjusted(Part):
    """How strictly one check of the suite is held."""

    severity: Severity | None = None
    """What follows where it is not met."""
    mostly: Annotated[float | None, Field(gt=0, le=1)] = None
    """Share of the rows that must meet it."""


class Validate(Part):
    """The gate that a dataset must pass before it is published."""

    min_rows: Annotated[int, Field(ge=0)] = 1
    """Fewest samples a release may have."""
    max_rejected: Share = 1.0
    """Largest share of rows that may have been rejected, 0 to 1."""
    suite: Suite = "rules"
    """`rules`: what no table may break, checked at each publishing in a moment. `default`: besides, a suite of Great
    Expectations made from the tables' schemas, the taxonomy and this recipe (6 s to load)."""
    expect: Annotated[tuple[Expectation, ...], Field(strict=False)] = ()
    """Expectations of your own, looked at with either suite."""
    adjust: dict[Text, Adjusted] = Field(default_factory=dict)
    """By name of a check as reports show it (`samples.language`), how strictly it is held."""
    audits: Annotated[tuple[Audit, ...], Field(strict=False)] = ()
    """What is looked for beyond single rows: `leakage`, `keywords`, `shortcuts`, `balance`, `label_noise`, `fairness`,
    `annotators`, `captions`, `calibration`, `synthetic`; each by its name, or with parameters below it."""

"""What a recipe may say. The docs of the fields become the descriptions that editors show."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_serializer,
    model_validator,
)

from affectory.schemas.recipe.asked import Asked
from affectory.schemas.recipe.deploy import Deploy
from affectory.schemas.recipe.gate import Validate
from affectory.schemas.recipe.part import Lines, Part, Text
from affectory.schemas.recipe.people import People
from affectory.schemas.recipe.publishing import Publish
from affectory.schemas.recipe.review import Review
from affectory.schemas.recipe.step import Step

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Pool = Literal["human", "group", "model"]
Across = Literal["perspective", "whose", "modalities"]


class Entry(Part):
    """One input: its kind, a name, and whatever that kind takes."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    kind: Text
    """What sort of input this is; it decides which other keys are taken."""
    name: Name | None = None
    """Name by which ids, tables and reports call this input. Without one the kind is its name, so two inputs of one
    kind need names. It is part of the ids of records numbered per input: renaming makes new records of them."""

    @property
    def called(self) -> str:
        return self.name or self.kind

    @property
    def params(self) -> dict[str, JsonValue]:
        return dict(self.__pydantic_extra__)

    @model_serializer
    def _write(self) -> dict[str, JsonValue]:
        return {"kind": self.kind, **({"name": self.name} if self.name else {}), **self.params}


class Rule(Step):
    """One rule that makes labels: its name, or one key (the name) above its parameters."""

    _called: ClassVar[str] = "rule"


class Label(Part):
    """How opinions become labels."""

    rule: Rule = Field(default_factory=lambda: Rule.model_validate("vote_share"))
    """The rule that turns the opinions about a sample into the label that is published beside it."""
    also: Annotated[tuple[Rule, ...], Field(strict=False)] = ()
    """Further rules, whose labels lie in the config `labels`; each may name another `taxonomy` to which there is a map.
    The mean of valence, arousal and dominance is always one of them."""
    across: Annotated[tuple[Across, ...], Field(strict=False)] = ()
    """What is counted together although it differs: opinions of several perspectives, about several people's feelings
    (`whose`), or of raters who saw and heard different things (`modalities`). Else each has labels of its own."""
    pools: Annotated[tuple[Pool, ...], Field(strict=False, min_length=1)] = ("human", "group", "model")
    """Whose labels are published, the first that has one: people's (authors and adjudicators among them), those of
    groups whose answers came summed up, or models'."""
    min_overlap: Share = 0.5
    """Smallest overlap in time at which a judgement is re-attached to a sample that was cut differently, 0 to 1."""
    inherit: bool = False
    """Whether a judgement is also about each sample of which at least `min_overlap` lies in its place: the scenes of a
    film that was judged as a whole, the windows of a rated episode. Else it is about one sample, that of its place."""


class Limits(Part):
    """Where a build stops or refuses a row, so that no input can take it down."""

    max_failed: Share = 0.1
    """Share of a stage's rows that may fail before the build stops, 0 to 1."""
    min_for_max_failed: Annotated[int, Field(ge=0)] = 20
    """Rows a stage must have seen before `max_failed` can stop the build."""
    row_bytes: Annotated[int, Field(ge=1)] = 1_000_000
    """Longest row of text read, in bytes; a longer one is rejected."""
    file_bytes: Annotated[int, Field(ge=1)] = 20_000_000_000
    """Largest file read, in bytes; a larger one is rejected."""
    memory_mb: Annotated[int, Field(ge=256)] = 4096
    """Most memory that the process of a step may hold, in megabytes; a row that makes it hold more fails as
    OutOfMemory. A step that says it needs more may have that."""
    retries: Annotated[int, Field(ge=0, le=10)] = 1
    """How often a row that by itself ended its process (a crash, a hang, too much memory) is tried once more, in a
    fresh process, before it fails. Errors that a step raises would come again, and are not tried again."""


class RecipeSpec(Part):
    """An affectory recipe: which inputs, what happens to them, and what is published."""

    dataset: Slug
    """Name of the dataset: small letters, digits and hyphens."""
    title: str | None = None
    """Title for people, shown on the dataset card."""
    description: str | None = None
    """What the dataset is, in a few sentences, shown on the dataset card."""
    licence: str | None = None
    """Licence of the release, as an SPDX name such as CC-BY-4.0."""
    citation: str | None = None
    """How to cite the dataset."""
    homepage: str | None = None
    """Address of the dataset's home page."""
    authors: Lines = ()
    """Who made the dataset."""
    languages: Lines = ()
    """Languages of the dataset as BCP 47 codes. Quote "no" and "on": bare, YAML reads them as truth values."""
    include: Lines = ()
    """Recipes merged below this one, later ones over earlier ones: maps merge key by key, lists and scalars are
    replaced. Paths in them are relative to their own folder."""
    taxonomy: Text | dict[str, JsonValue]
    """The emotions in use: the name of a built-in taxonomy, one written out here, or `file:` with a path."""
    workspace: Text | None = None
    """Folder for ledgers, tables and caches, or an `s3://` address."""
    sources: Annotated[tuple[Entry, ...], Field(strict=False, min_length=1)]
    """The inputs that samples are made of."""
    ratings: Annotated[tuple[Entry, ...], Field(strict=False)] = ()
    """Judgements of people that already exist, imported into the ledger."""
    people: People = Field(default_factory=People)
    ingest: Annotated[tuple[Step, ...], Field(strict=False)] = ()
    """Steps that turn inputs into samples, in order."""
    assist: Annotated[tuple[Step, ...], Field(strict=False)] = ()
    """Steps in which models add notes and opinions, in order."""
    models: dict[Name, Asked] = Field(default_factory=dict)
    """Models that steps ask, by the names under which steps name them."""
    review: Review | None = None
    """What people are asked in Label Studio; their answers come back as judgements."""
    label: Label = Field(default_factory=Label)
    validation: Validate = Field(alias="validate", default_factory=Validate)
    publish: Publish = Field(default_factory=Publish)
    limits: Limits = Field(default_factory=Limits)
    deploy: Deploy = Field(default_factory=Deploy)

    @model_validator(mode="before")
    @classmethod
    def _with_labels(cls, given: Any) -> Any:
        """What further rules came to has no other place than the config `labels`."""
        if not isinstance(given, Mapping) or not isinstance(label := given.get("label"), Mapping):
            return given
        publish = given.get("publish", {})
        if not label.get("also") or not isinstance(publish, Mapping) or "configs" in publish:
            return given
        return {**given, "publish": {**publish, "configs": ["default", "opinions", "labels"]}}


@cache
def recipe_schema() -> dict[str, Any]:
    """The JSON Schema of a recipe, without what its steps and inputs take."""
    return RecipeSpec.model_json_schema()

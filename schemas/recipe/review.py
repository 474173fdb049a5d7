"""What a recipe may say about review: who is asked what about which samples, shown what, and where."""

from typing import Annotated, Literal

from pydantic import Field

from affectory.schemas.recipe.part import Lines, Part, Text
from affectory.schemas.recipe.secrets import Secret
from affectory.schemas.recipe.step import Step

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Kind = Literal["video", "audio", "image", "text"]
Seen = Literal["video", "audio", "image", "frames", "text"]
Perspective = Literal["expressed", "perceived", "elicited", "felt", "intended"]
Relation = Literal["expert", "clinician", "parent", "self", "crowd"]
By = Literal["gain", "entropy", "random"]


class Asking(Step):
    """One part of what is asked: its name, or one key (the name) above its parameters."""

    _called = "question"


class Example(Part):
    """An example that raters read before they begin."""

    text: Text
    """What is shown."""
    answer: Text
    """How it would be answered, and why."""


class Suggest(Part):
    """What models said, shown to people before they answer. It anchors them: leave it out unless speed matters more."""

    of: Lines
    """Whose answers: names of models or of steps that judged, the first that has one."""
    scores: bool = False
    """Whether the models' certainty is shown too."""


class Gold(Part):
    """Samples whose answer is known, mixed in to see who attends."""

    path: Text
    """A csv, jsonl or parquet file with columns `key` (or `sample_id`) and `label`; of several rows each is right."""
    share: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    """Their share of what each rater is asked."""


class Second(Part):
    """A further rater is asked only where the ones before said yes, as in screening for rare emotions."""

    after: Lines
    """The labels that count as a yes."""
    noes: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the noes that are asked again all the same, drawn at random: else nobody knows what was missed."""


class Adjudicate(Part):
    """Samples on which raters disagree go to an expert, who sees what was said and by nobody whom."""

    least: Share = 0.5
    """Share of raters whose first choice is not the commonest one, from which a sample goes there."""
    by: Annotated[tuple[Literal["expert", "clinician", "parent", "self", "crowd"], ...], Field(strict=False)] = (
        "expert",
    )
    """Who decides, by their relation in the list of raters; everybody is asked otherwise."""
    budget: Count | None = None
    """Most decisions that are asked for."""


class Question(Part):
    """One set of questions about samples, and who is asked how often."""

    ask: Annotated[tuple[Asking, ...], Field(strict=False)] = ()
    """What is asked, in order: `categories`, `vad`, `cues`, `times`, `faces`, `transcript`, `confidence`, `words`,
    `preference`, `trace`; each by its name, or with parameters below it. Nothing said, `categories` alone."""
    kinds: Annotated[tuple[Kind, ...], Field(strict=False, min_length=1)] = ("video", "audio", "image", "text")
    """Of which kinds of sample."""
    see: Annotated[tuple[Seen, ...], Field(strict=False)] = ()
    """What raters see and hear of a sample; nothing said, all that it has."""
    context: Annotated[int, Field(ge=0, le=50)] = 0
    """How many earlier turns of the conversation are shown beside it."""
    perspective: Perspective = "perceived"
    """Whose side is asked about."""
    whose: Text | None = None
    """Whose feeling, where it is not that of the one who is shown or speaks: `listener`, `reader`."""
    question: Text | None = None
    """The question in words, above the sample."""
    instructions: Text | None = None
    """What raters read before they begin."""
    examples: Annotated[tuple[Example, ...], Field(strict=False)] = ()
    """Examples, shown below the instructions."""
    language: Text = "en"
    """Language of the interface's words, where there are translations of the taxonomy."""
    suggest: Suggest | None = None
    """Whether raters see what models said. Nothing said, they see none of it."""
    when: Text | None = None
    """Which samples need people: `entropy > 0.6 or conflict(audio, video) > 0.4`. Nothing said, all may be asked."""
    by: By = "gain"
    """What decides who is asked first: `gain` (what a rating is expected to tell), `entropy`, or `random`."""
    enough: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Width of the 90 % intervals at which a sample is known well enough and asked no more."""
    explore: Share = 0.1
    """Share of the budget that goes to samples drawn at random, whatever is known: by them models are calibrated."""
    raters: Annotated[int, Field(ge=1, le=100)] = 3
    """How many people judge a sample."""
    overlap: Share = 0.0
    """Share of the samples that at least two people judge, where `raters` is 1: without it nobody knows agreement."""
    repeat: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Share of a rater's samples that come again later, to see whether they say the same."""
    gold: Gold | None = None
    """Samples whose answer is known."""
    second: Second | None = None
    """Ask a second rater only after a yes."""
    adjudicate: Adjudicate | None = None
    """Whether an expert decides where raters disagree."""
    budget: Count | None = None
    """Most answers that are asked for altogether, over all nights."""


class Floors(Part):
    """The least time that a judgement can take, in seconds; what was faster is put aside, and not taken."""

    text: Annotated[float, Field(ge=0)] = 0.7
    """For a text or a picture."""
    media: Share = 0.5
    """For sound and video: the share of it that must have played."""


class RaterLimits(Part):
    """What one person is asked at most."""

    hours_a_week: Annotated[float, Field(gt=0)] | None = None
    """Hours of work in seven days."""
    harmful_a_day: Count | None = None
    """Samples that anybody called harmful, in a day."""
    judgements: Count | None = None
    """Answers altogether."""


class Review(Question):
    """Experts who judge in Label Studio: where it is, what they are asked about which samples, how often."""

    url: Text | None = None
    """Address of a Label Studio that exists. Without one, that of `affectory review up` on this machine."""
    token: Secret | None = None
    """A personal access token of it, or a legacy token, as ${env:NAME}."""
    public: Text | None = None
    """Address under which raters reach the proxy of `affectory review up`, where it is not this machine's."""
    raters_file: Text | None = None
    """A csv or yaml file of the raters: `email`, and if you like `languages`, `relation`, `hours_a_week`. Without one,
    whoever opens the project is asked what is next."""
    limits: RaterLimits = Field(default_factory=RaterLimits)
    """What one person is asked at most."""
    floors: Floors = Field(default_factory=Floors)
    """The least time that a judgement can take."""
    links_days: Positive = 30
    """Days after which a link to a sample's media leads nowhere, where an existing server shows them."""
    also: dict[Name, Question] = Field(default_factory=dict)
    """Further sets of questions by name, each with a project of its own: the same clips heard without being seen."""

    def questions(self) -> dict[str, Question]:
        """All sets of questions by name; the one written in `review` itself is called `main`."""
        return {"main": self, **self.also}

"""Has a model speak texts: each becomes a sound, marked as synthetic."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.schemas.types import MEDIA
from affectory.transforms.assist import _writing as writing
from affectory.transforms.assist._describing import By, by
from affectory.transforms.assist._speaking import sound_of, speaker_of, to_say, words_of
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, RecipeModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of
from affectory.transforms.models._opinions import column
from affectory.transforms.models._prompts import RecipePrompt
from affectory.transforms.models._talking import Talk, answered
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class Synthesise:
    """A text becomes a sample of the kind `audio` with that text: `audio`, `duration_s`, `synthetic` and `audio_by`.

    Steps after it hear the speech as they do any other; what is for texts alone comes before it. What the speech was
    to express is an opinion on what is intended, beside what anybody hears in it. A sample without words is rejected.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text"})
    imitates: ClassVar[bool] = True
    makes: ClassVar[frozenset[str]] = frozenset({"audio"})

    model: Annotated[RecipeModel | tuple[RecipeModel, ...], Field(description="who speaks; of several one each")]
    of: Annotated[str, Field(description="the column that is spoken")] = "text"
    same: Annotated[str, Field(description="of several models, what keeps its voice, as speaker or extra.NAME")] = (
        "speaker"
    )
    prompt: Annotated[RecipePrompt, Field(description="what is said, and how, where the model can be told")] = "speak"  # type: ignore[assignment]
    intends: Annotated[str | None, Field(min_length=1, description="the axis with the emotion to be expressed")] = None
    max_chars: Annotated[int, Field(ge=1, le=20_000, description="longer texts are rejected")] = 2000
    max_s: Annotated[float, Field(gt=0, le=3600, description="longer speech is rejected, in seconds")] = 300.0
    taxonomy: Taxonomy | None = None

    def __post_init__(self) -> None:
        writing.check_intends(self.taxonomy, self.intends, "synthesise")
        for model in self.models():
            model.need("synthesise", "speech")

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return self.model if isinstance(self.model, tuple) else (self.model,)

    def reads(self) -> Columns:
        more = ["extra"] if self.intends else []
        kept = [self.same] if len(self.models()) > 1 else []
        return {**reads_of((), [*self.prompt.inputs, self.of, *kept, *more]), "sample_id": pa.string()}

    def writes(self) -> Columns:
        sound: Columns = {"kind": pa.string(), "original": MEDIA, "audio": MEDIA, "duration_s": pa.float64()}
        told: Columns = {"synthetic": pa.bool_(), by("audio"): pa.string()}
        return {**sound, **told, **writing.opinions_where(self.intends, column("synthesise"))}

    def talk(self, row: Values) -> Talk:
        who = By(speaker_of(self.models(), row, self.same), self.prompt)
        ask = to_say(who, row, words_of(row, self.of, self.max_chars))
        sound = yield from answered(ask, lambda reply: sound_of(reply, self.max_s), 1)
        medium, told = {"bytes": sound.data, "format": "wav"}, {"synthetic": True, by("audio"): who.text}
        told |= writing.intention(self, "synthesise", who, row, "audio")
        return {"kind": "audio", "original": medium, "audio": medium, "duration_s": sound.seconds, **told}

    def setup(self) -> Step:
        return plainly(self)

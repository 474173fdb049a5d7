"""The small models that come with the package, asked as any other: `face_emotion`, `text_emotion`, `lexicon`, `vader`.

They read no prompt, but what the question is about: its pictures, or the sample's text. They answer in the form they
are asked for: an opinion in the recipe's taxonomy, one of several choices, or words for a caption.
"""

from collections.abc import Iterator, Sequence

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.asked import Asked
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._ekman import check_map
from affectory.transforms.models._messages import Ask, Chat
from affectory.transforms.models._rating import UNPROMPTED
from affectory.transforms.models.backends import _bundled_answers
from affectory.transforms.models.backends._bundled_raters import RATERS, Bundled
from affectory.transforms.rows import told


def can(spec: Asked) -> frozenset[str]:
    """`unprompted` says that it takes no prompt; a distribution is what all of them have."""
    return frozenset({UNPROMPTED, "logprobs", *_known(spec).sees})


def ISOLATED(spec: Asked) -> bool:
    """Pictures may crash what decodes them."""
    return bool(_known(spec).sees)


def check(model: AskedModel) -> None:
    """Complain of a model that is not among these."""
    if model.path is not None:
        raise UserError(f"model {model.name} is bundled, so it has no path", "leave out `path`")
    _known(model.spec)


def judges(spec: Asked, taxonomy: Taxonomy) -> None:
    """A `ValueError` where the model cannot answer in a taxonomy."""
    if _known(spec).mapped:
        check_map(taxonomy, str(spec.model))


def code(spec: Asked) -> str:
    """What a change of makes answers others."""
    return _bundled_answers.__name__


def rater(spec: Asked) -> tuple[str, str]:
    """As the steps of the same names call themselves."""
    found = _known(spec)
    return found.rater, found.kind


def chat(model: AskedModel) -> Chat:
    """The model, which reads one question at a time."""
    answer = _bundled_answers.answering(_known(model.spec))

    def talk(asks: Sequence[Ask]) -> Iterator[tuple[int, Reply | Failed]]:
        for index, ask in enumerate(asks):
            try:
                yield index, answer(ask)
            except Exception as error:  # one bad question never takes others along
                yield index, Failed(0, type(error).__name__, told(error))

    return talk


def _known(spec: Asked) -> Bundled:
    if spec.model is None or spec.model not in RATERS:
        what = "names no model" if spec.model is None else f"has no model {spec.model!r}"
        raise UserError(f"the backend bundled {what}", f"models: {', '.join(RATERS)}")
    return RATERS[spec.model]

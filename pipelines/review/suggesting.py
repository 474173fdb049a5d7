"""What models said of samples, for people to see before they answer: only where the recipe says so."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from affectory.annotation.shown import Suggestion
from affectory.schemas.recipe.asked import Asked
from affectory.schemas.recipe.review import Question, Suggest


def suggestions(opinions: pa.Table, suggest: Suggest | None, models: Mapping[str, Asked]) -> Mapping[str, Suggestion]:
    """By sample what the first of the named models said that said anything in labels."""
    found: dict[str, Suggestion] = {}
    if suggest is None:
        return found
    said = opinions.filter(pc.is_in(opinions.column("rater_kind"), value_set=pa.array(["model", "lexicon"])))
    rows = said.select(["sample_id", "rater", "asked", "answer"]).sort_by(
        [("sample_id", "ascending"), ("rater", "ascending")]
    )
    for name in suggest.of:
        called = _called(name, models)
        for row in rows.to_pylist():
            labels, weights = row["asked"]["labels"], row["answer"]["weights"]
            if row["sample_id"] not in found and labels and weights and _is(row["rater"], called, name):
                given = {label: w for label, w in zip(labels, weights, strict=True) if w is not None}
                if given:
                    found[row["sample_id"]] = Suggestion(row["rater"], given, max(given.values()))
    return found


def nothing_suggested(opinions: pa.Table, question: Question) -> str:
    """What to know where a recipe wants suggestions and there are none."""
    kinds = pa.array(["model", "lexicon"])
    said = opinions.filter(pc.is_in(opinions.column("rater_kind"), value_set=kinds)).column("rater")
    there = ", ".join(sorted(said.unique().to_pylist())) or "none"
    wanted = ", ".join(question.suggest.of) if question.suggest else ""
    return f"nothing is suggested: no model is called {wanted}; those that judged are {there}"


def _called(name: str, models: Mapping[str, Asked]) -> Sequence[str]:
    """How a model may be called among raters: by the recipe's name for it, or its own."""
    model = models.get(name)
    return [name, *([model.model] if model and model.model else [])]


def _is(rater: str, called: Sequence[str], name: str) -> bool:
    return rater.endswith(f" as {name}") or any(rater == c or rater.startswith(f"{c}@") for c in called)

"""The columns of an opinion, shared by the judgement ledger, the opinions table and the raters among the stages."""

import pyarrow as pa

from affectory.schemas.tables import Column
from affectory.schemas.types import ANSWER, ASKED, EVIDENCE, SHOWN

PERSPECTIVES = ("expressed", "perceived", "elicited", "felt", "intended")
RATER_KINDS = ("human", "model", "author", "lexicon", "adjudicator")
RESPONSES = ("simplex", "multi-label", "ordinal", "continuous", "ranking", "preference", "trace", "words")

OPINION_COLUMNS = (
    Column(
        "rater",
        pa.string(),
        "who: a person's pseudonym (p_), one of those who were only counted (a_), a group (g_), or a model with its "
        "revision",
        required=True,
    ),
    Column("rater_kind", pa.string(), f"one of {', '.join(RATER_KINDS)}", required=True),
    Column("perspective", pa.string(), f"one of {', '.join(PERSPECTIVES)}", required=True),
    Column("whose", pa.string(), "whose feeling is meant, where it is not the one speaking or shown"),
    Column("modalities", pa.list_(pa.string()), "what the rater could see or hear"),
    Column("asked", ASKED, "the question, the labels offered in order, the kind of answer", required=True),
    Column("shown", SHOWN, "context, suggestions, instructions, language, position, selection probability"),
    Column(
        "answer", ANSWER, "weights and intensities aligned with the labels asked, VAD, ranking, words", required=True
    ),
    Column("confidence", pa.float32(), "the rater's own confidence, 0 to 1"),
    Column("rationale", pa.string(), "the reason given, in the rater's words"),
    Column("evidence", EVIDENCE, "what the rater pointed at"),
    Column("spent_s", pa.float32(), "time the rater took, in seconds"),
    Column("people", pa.int32(), "how many people it sums up, 0 where nobody said; null where it is one rater's"),
)

OPINIONS = pa.list_(pa.struct([c.field.remove_metadata() for c in OPINION_COLUMNS]))
"""The type of a column in which a stage hands over its opinions about each sample."""

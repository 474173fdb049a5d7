"""The tables: recomputed from ledgers, recipe and code, and free to be thrown away."""

import pyarrow as pa

from affectory.schemas.opinion import OPINION_COLUMNS
from affectory.schemas.tables import Column, TableSpec
from affectory.schemas.types import ANCHOR, FRAMES, MEDIA, MEMBERS, PLACES

SAMPLES = TableSpec(
    name="samples",
    kind="table",
    key=("sample_id",),
    doc="One thing shown to a rater or a model.",
    columns=(
        Column("sample_id", pa.string(), "from record and coordinates", required=True),
        Column("kind", pa.string(), "video, audio, image, text, signal", required=True),
        Column("anchor", ANCHOR, "where it lies in its record", required=True),
        Column("source", pa.string(), "name of the recipe's source entry", required=True),
        Column("uri", pa.string(), "where the record lay, relative to the source's root", required=True),
        Column("key", pa.string(), "the record's declared key, null where it is known by its content"),
        Column("parent", pa.string(), "the sample it was cut from"),
        Column("members", MEMBERS, "the samples it is made of, with role and clock offset"),
        Column("speaker", pa.string(), "pseudonym of who speaks or is shown"),
        Column("dialogue", pa.string(), "the conversation it belongs to"),
        Column("position", pa.int32(), "its place in the conversation"),
        Column("session", pa.string(), "the recording session or event it belongs to"),
        Column("duplicates", pa.string(), "the group of near-duplicates that it belongs to"),
        Column("segments", PLACES, "its stretches as the source or a step names them: where, who, what is said"),
        Column("text", pa.string(), "what is said or written"),
        Column("language", pa.string(), "BCP 47 code"),
        Column("original", MEDIA, "the record's own file; never published"),
        Column("image", MEDIA, "picture to publish"),
        Column("audio", MEDIA, "sound to publish"),
        Column("video", MEDIA, "clip to publish"),
        Column("frames", FRAMES, "stills of the clip"),
        Column("extra", pa.map_(pa.string(), pa.string()), "further columns the recipe asked to keep"),
    ),
)

NOTES = TableSpec(
    name="notes",
    kind="table",
    key=("sample_id", "name"),
    doc="One derived fact about a sample.",
    columns=(
        Column("sample_id", pa.string(), "the sample", required=True),
        Column("name", pa.string(), "name of the fact", required=True),
        Column("number", pa.float64(), "its value, where it is a number or truth value"),
        Column("text", pa.string(), "its value, where it is text"),
        Column("vector", pa.list_(pa.float32()), "its value, where it is a list of numbers"),
        Column("places", PLACES, "its value, where it is what was found and where: faces, words, stretches of speech"),
        Column("stage", pa.string(), "the stage that found it", required=True),
    ),
)

OPINIONS_TABLE = TableSpec(
    name="opinions",
    kind="table",
    key=("opinion_id",),
    doc="One judgement or model vote, attached to a sample of this build.",
    columns=(
        Column("opinion_id", pa.string(), "the judgement's id, or from sample, rater and question", required=True),
        Column("sample_id", pa.string(), "the sample it is about in this build", required=True),
        Column(
            "judgement_id", pa.string(), "for people's judgements, the id of the first revision (act) in the ledger"
        ),
        *OPINION_COLUMNS,
    ),
)

SPACES = ("simplex", "multi-label", "ordinal", "continuous")

LABELS = TableSpec(
    name="labels",
    kind="table",
    key=("sample_id", "taxonomy", "perspective", "whose", "modalities", "pool", "rule"),
    doc="One view of one sample.",
    columns=(
        Column("sample_id", pa.string(), "the sample", required=True),
        Column("taxonomy", pa.string(), "name of the taxonomy", required=True),
        Column("perspective", pa.string(), "whose side: expressed, perceived, ...", required=True),
        Column("whose", pa.string(), "whose feeling, empty where it is the one shown", required=True),
        Column("modalities", pa.string(), "what the raters saw, joined by +, empty where unknown", required=True),
        Column("pool", pa.string(), "which raters: human, group, model", required=True),
        Column("rule", pa.string(), "how opinions became a label: its name, version and parameters", required=True),
        Column("space", pa.string(), f"one of {', '.join(SPACES)}", required=True),
        Column("values", pa.list_(pa.float32()), "in the order of `names`; null inside where not asked", required=True),
        Column("names", pa.list_(pa.string()), "what the values are of; null: the taxonomy's labels in order"),
        Column("low", pa.list_(pa.float32()), "of each value, where its interval begins"),
        Column("high", pa.list_(pa.float32()), "of each value, where its interval ends"),
        Column("spread", pa.list_(pa.float32()), "of each value, the standard deviation among raters"),
        Column("covariance", pa.list_(pa.float32()), "of the values among raters, row by row"),
        Column(
            "chosen",
            pa.list_(pa.string()),
            "the labels that the rule decides for: several where they tie; null where it is not one that decides",
        ),
        Column("uncertainty", pa.float32(), "entropy over log K for a simplex"),
        Column("agreement", pa.float32(), "share of opinions whose first choice is the label's"),
        Column("count", pa.int32(), "opinions used", required=True),
        Column("times_us", pa.list_(pa.int64()), "of each value, its time in the record, where it is a trace"),
        Column("places", PLACES, "the stretches of time or text that the rule found"),
        Column("state", pa.string(), "in words, why this is less of a label than it seems"),
    ),
)

REASONS = (
    "unreadable", "empty", "too_short", "too_long", "too_large", "unsupported", "duplicate", "outside_root",
    "bad_encoding", "bad_row", "missing_key", "unknown_record", "unknown_label", "wrong_language", "no_face",
    "no_speech", "no_person", "no_segments", "filtered", "unattached", "split_conflict", "withheld",
)  # fmt: skip
"""The fixed list of reasons for which a row may be rejected."""

REJECTS = TableSpec(
    name="rejects",
    kind="table",
    key=("reject_id",),
    doc="One row that was not kept: rejected with a reason, or failed with an error.",
    columns=(
        Column("reject_id", pa.string(), "from stage, place and reason", required=True),
        Column("stage", pa.string(), "where it was stopped", required=True),
        Column("outcome", pa.string(), "rejected or failed", required=True),
        Column("reason", pa.string(), "from the fixed list, or the type of the error", required=True),
        Column("detail", pa.string(), "what exactly was wrong"),
        Column("sample_id", pa.string(), "the sample, where it was one already"),
        Column("record_id", pa.string(), "the record it belongs to"),
        Column("source", pa.string(), "name of the recipe's source entry"),
        Column("uri", pa.string(), "where the record lies, relative to the source's root"),
        Column("row", pa.string(), "the row as JSON, shortened"),
    ),
)

TABLES = {spec.name: spec for spec in (SAMPLES, NOTES, OPINIONS_TABLE, LABELS, REJECTS)}

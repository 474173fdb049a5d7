"""The ledgers: appended once, never rewritten or cleaned away."""

import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.migrate import migration
from affectory.schemas.opinion import OPINION_COLUMNS
from affectory.schemas.tables import Column, TableSpec
from affectory.schemas.types import ANCHOR, EVIDENCE, SHOWN

DECLINED = ("skipped", "cannot judge", "harmful")
"""Why a person judged nothing."""
KINDS = ("video", "audio", "image", "text", "signal", "generated")

SOURCES = TableSpec(
    name="sources",
    kind="ledger",
    key=("record_id", "fingerprint"),
    doc="One input file or record.",
    columns=(
        Column("record_id", pa.string(), "from a declared key, or from content", required=True),
        Column("fingerprint", pa.string(), "hash of everything the record contributes", required=True),
        Column("asset_id", pa.string(), "sha256 of the bytes of its file", required=True),
        Column("source", pa.string(), "name of the recipe's source entry", required=True),
        Column("uri", pa.string(), "where it lay, relative to the source's root", required=True),
        Column("kind", pa.string(), f"one of {', '.join(KINDS)}", required=True),
        Column("licence", pa.string(), "licence as declared"),
        Column("subjects", pa.list_(pa.string()), "people seen or heard, by pseudonym"),
        Column("size", pa.int64(), "bytes of its file"),
    ),
)

PEOPLE = TableSpec(
    name="people",
    kind="ledger",
    key=("person_id", "revision"),
    doc="One person under a pseudonym, subject or rater or both.",
    columns=(
        Column("person_id", pa.string(), "keyed hash of the name given", required=True),
        Column("revision", pa.int32(), "0, 1, ...: the newest holds", required=True),
        Column("roles", pa.list_(pa.string()), "subject, rater", required=True),
        Column("relation", pa.string(), "self, parent, clinician, crowd, expert"),
        Column("languages", pa.list_(pa.string()), "BCP 47 codes"),
        Column("declared", pa.map_(pa.string(), pa.string()), "what they declared about themselves"),
        Column("consent", pa.map_(pa.string(), pa.bool_()), "by purpose; absent means not asked"),
        Column("expires", pa.date32(), "consent ends"),
        Column("embargo", pa.date32(), "not to be published before"),
        Column("withdrawn", pa.bool_(), "asked to be removed"),
    ),
)

JUDGEMENTS = TableSpec(
    name="judgements",
    kind="ledger",
    key=("judgement_id",),
    version=3,
    doc="One human act of judging.",
    columns=(
        Column("judgement_id", pa.string(), "from person, anchor, question, occasion, revision", required=True),
        Column("act", pa.string(), "the id of its first revision, which all revisions share"),
        Column("anchor", ANCHOR, "what it is about, in coordinates of the record", required=True),
        Column("occasion", pa.string(), "which time this person was asked", required=True),
        Column("revision", pa.int32(), "0, 1, ...: a later one supersedes", required=True),
        Column("supersedes", pa.string(), "the judgement that this one replaces"),
        Column("retracted", pa.bool_(), "taken back by the rater", required=True),
        Column("origin", pa.string(), "the recipe's rating entry that first said it, null for an answer in a review"),
        Column("said", pa.string(), "hash of all that was said, to find what changed"),
        Column("declined", pa.string(), f"why nothing was judged: {', '.join(DECLINED)}; such a row is no opinion"),
        *OPINION_COLUMNS,
    ),
)

ANSWERS = TableSpec(
    name="answers",
    kind="ledger",
    key=("answer_id",),
    version=2,
    doc="One reply of a model.",
    columns=(
        Column("answer_id", pa.string(), "from everything that determines the reply", required=True),
        Column("backend", pa.string(), "which backend was called", required=True),
        Column("model", pa.string(), "model name", required=True),
        Column("revision", pa.string(), "model revision", required=True),
        Column("prompt", pa.string(), "hash of the prompt's version and text", required=True),
        Column("parameters", pa.string(), "sampling parameters as canonical JSON", required=True),
        Column("inputs", pa.list_(pa.string()), "hashes of what was sent", required=True),
        Column("repeat", pa.int32(), "which of several draws", required=True),
        Column("text", pa.string(), "raw text of the reply"),
        Column("logprobs", pa.list_(pa.struct([("token", pa.string()), ("logprob", pa.float32())])), "per token"),
        Column("usage", pa.map_(pa.string(), pa.int64()), "tokens in and out, milliseconds"),
        Column("media", pa.string(), "sha256 of what it made that is not text; it lies beside the answers"),
    ),
)

PURPOSES_OF_ASKING = (
    "routed", "explored", "overlap", "gold", "repeat", "second", "recheck", "adjudication",
)  # fmt: skip
"""Why somebody is asked about a sample."""

ASKS = TableSpec(
    name="asks",
    kind="ledger",
    key=("ask_id", "revision"),
    doc="One judgement that somebody is asked for, written down before it is asked.",
    columns=(
        Column("ask_id", pa.string(), "from question, sample, occasion and the place among its raters", required=True),
        Column("revision", pa.int32(), "0: it is asked; a later one closes it, or opens it again", required=True),
        Column("closed", pa.string(), "why it is asked no more; null while it is"),
        Column("question", pa.string(), "name of the set of questions in the recipe", required=True),
        Column("form", pa.string(), "hash of all that is asked, and how it is shown", required=True),
        Column("task", pa.string(), "our own id of the task, which the raters of one sample share", required=True),
        Column("sample_id", pa.string(), "the sample, as the build had it", required=True),
        Column("anchor", ANCHOR, "where it lies in its record", required=True),
        Column("occasion", pa.string(), "which time a person is asked: empty, or a name", required=True),
        Column("rater", pa.string(), "who is asked, by pseudonym; null: whoever comes"),
        Column("purpose", pa.string(), f"one of {', '.join(PURPOSES_OF_ASKING)}", required=True),
        Column("probability", pa.float32(), "with which this sample was chosen to be asked about"),
        Column("position", pa.int32(), "its place in what the rater is asked"),
        Column("round", pa.int32(), "the number of the plan that it came with", required=True),
        Column("content", pa.string(), "hash of what is shown", required=True),
        Column(
            "shown",
            pa.string(),
            "what is shown, as JSON: text, names of media, turns before, suggestions, whose side is asked about",
        ),
    ),
)

RETURNS = TableSpec(
    name="returns",
    kind="ledger",
    key=("return_id",),
    doc="One state of an annotation, as it was found in Label Studio.",
    columns=(
        Column("return_id", pa.string(), "from server, annotation and its state", required=True),
        Column("server", pa.string(), "hash of where it was found: which of our projects, made when", required=True),
        Column("annotation", pa.int64(), "its number there", required=True),
        Column("number", pa.int64(), "the task's number there"),
        Column("task", pa.string(), "our own id of the task"),
        Column("question", pa.string(), "name of the set of questions", required=True),
        Column("rater", pa.string(), "who annotated, by pseudonym"),
        Column("state", pa.string(), "stored, skipped or deleted", required=True),
        Column("updated", pa.string(), "when it was changed last, as told there"),
        Column("mark", pa.string(), "hash of the state, by which it is known to be the same"),
        Column("spent_s", pa.float32(), "time the rater took, in seconds"),
        Column("content", pa.string(), "hash of what the task showed then; null where it did not say"),
        Column("result", pa.string(), "what was answered, as JSON of Label Studio"),
        Column("verdict", pa.string(), "taken, declined, refused or retracted", required=True),
        Column("why", pa.string(), "why it was refused"),
        Column("judgements", pa.list_(pa.string()), "the judgements that it became"),
    ),
)

LEDGERS = {spec.name: spec for spec in (SOURCES, PEOPLE, JUDGEMENTS, ANSWERS, ASKS, RETURNS)}


@migration("judgements", 1)
def _evidence_in_other_records(table: pa.Table) -> pa.Table:
    """Evidence lay in the record that was judged, and a judgement was one person's."""
    told = table.column_names.index("evidence")
    given = table.column("evidence").to_pylist()
    whole = [None if places is None else [place and {**place, "record": None} for place in places] for places in given]
    table = table.set_column(told, pa.field("evidence", EVIDENCE), pa.array(whole, EVIDENCE))
    return table.append_column("people", pa.nulls(table.num_rows, pa.int32()))


@migration("judgements", 2)
def _declined(table: pa.Table) -> pa.Table:
    """Nobody could decline, and nobody knew what exactly was shown."""
    told = table.column_names.index("shown")
    given = table.column("shown").combine_chunks()
    known = [pc.struct_field(given, i) for i in range(given.type.num_fields)]
    fields = [*known, pa.nulls(len(given), pa.string())]
    shown = pa.StructArray.from_arrays(fields, fields=list(SHOWN), mask=pc.is_null(given))
    table = table.set_column(told, pa.field("shown", SHOWN), shown)
    place = table.column_names.index("said") + 1
    return table.add_column(place, pa.field("declined", pa.string()), pa.nulls(table.num_rows, pa.string()))


@migration("answers", 1)
def _answers_in_media(table: pa.Table) -> pa.Table:
    """Models gave text alone."""
    return table.append_column("media", pa.nulls(table.num_rows, pa.string()))

"""Arrow types that several ledgers and tables share."""

import pyarrow as pa

ANCHOR = pa.struct(
    [
        pa.field("record", pa.string(), nullable=False),
        pa.field("start_us", pa.int64()),
        pa.field("end_us", pa.int64()),
        pa.field("char_start", pa.int64()),
        pa.field("char_end", pa.int64()),
        pa.field("box", pa.list_(pa.float32())),
    ]
)
"""A place in a record: the whole of it, a stretch of time (microseconds), of characters, or a box (x, y, w, h)."""

_MEDIA_FIELDS = [
    pa.field("asset", pa.string()),
    pa.field("format", pa.string()),
    pa.field("bytes", pa.large_binary()),
    pa.field("path", pa.string()),
]
MEDIA = pa.struct(_MEDIA_FIELDS)
"""Media by reference: `asset` is the sha256 of its bytes. `bytes` are set by the stage that makes it and `path` for
the stage that reads it; neither is ever stored."""

FRAMES = pa.list_(pa.struct([pa.field("at_us", pa.int64()), *_MEDIA_FIELDS]))
"""Still pictures of a video with their times in the record."""

MEMBERS = pa.list_(
    pa.struct(
        [
            pa.field("sample_id", pa.string()),
            pa.field("role", pa.string()),
            pa.field("offset_us", pa.int64()),
            pa.field("kind", pa.string()),
            pa.field("asset", pa.string()),
            pa.field("format", pa.string()),
            pa.field("uri", pa.string()),
            pa.field("path", pa.string()),
        ]
    )
)
"""What a sample is made of: other samples, or recordings of the same event. A time of the member is that of the record
less `offset_us`. `uri` is where the recording lies; `path` is set for the stage that reads it and never stored."""

PLACES = pa.list_(
    pa.struct(
        [
            pa.field("kind", pa.string()),
            pa.field("start_us", pa.int64()),
            pa.field("end_us", pa.int64()),
            pa.field("char_start", pa.int64()),
            pa.field("char_end", pa.int64()),
            pa.field("box", pa.list_(pa.float32())),
            pa.field("points", pa.list_(pa.float32())),
            pa.field("who", pa.string()),
            pa.field("text", pa.string()),
            pa.field("score", pa.float32()),
        ]
    )
)
"""What was found in a sample, and where: a face with its box and landmarks (x, y, x, y, ...), a stretch of speech and
who speaks, a word, a telephone number. Times are those of the record, characters those of the sample's text."""

ASKED = pa.struct(
    [
        pa.field("question", pa.string()),
        pa.field("labels", pa.list_(pa.string())),
        pa.field("response", pa.string()),
        pa.field("taxonomy", pa.string()),
        pa.field("taxonomy_hash", pa.string()),
    ]
)
"""What the rater was asked: the labels offered in their order, and the kind of answer."""

SHOWN = pa.struct(
    [
        pa.field("context", pa.list_(pa.string())),
        pa.field("suggestions", pa.list_(pa.string())),
        pa.field("instructions", pa.string()),
        pa.field("language", pa.string()),
        pa.field("position", pa.int32()),
        pa.field("probability", pa.float32()),
        pa.field("content", pa.string()),
    ]
)
"""What the rater was shown beside the sample; `content` is a hash of the sample itself as it was then."""

VAD = pa.struct([pa.field(d, pa.float32()) for d in ("valence", "arousal", "dominance")])

ANSWER = pa.struct(
    [
        pa.field("weights", pa.list_(pa.float32())),
        pa.field("intensities", pa.list_(pa.float32())),
        pa.field("ranking", pa.list_(pa.string())),
        pa.field("preference", pa.string()),
        pa.field("vad", VAD),
        pa.field("trace", pa.list_(pa.struct([("at_us", pa.int64()), ("value", pa.float32())]))),
        pa.field("words", pa.list_(pa.string())),
    ]
)
"""An answer; weights and intensities are aligned with the labels that were asked, null where one was not asked."""

EVIDENCE = pa.list_(
    pa.struct(
        [
            pa.field("kind", pa.string()),
            pa.field("start_us", pa.int64()),
            pa.field("end_us", pa.int64()),
            pa.field("char_start", pa.int64()),
            pa.field("char_end", pa.int64()),
            pa.field("box", pa.list_(pa.float32())),
            pa.field("record", pa.string()),
        ]
    )
)
"""Places that a rater pointed at, in the record that is judged unless `record` names another: the turn of a dialogue
that caused the emotion of a later one."""

"""Open words: what share of the raters named each label, in words of their own.

A word means a label by its name, a synonym or a translation; by another form of one (joyfully, angered); or, where
that is asked for, by being near one in meaning. A word that means none of the labels is not dropped: the label's
`state` names it, and `unmapped` lists all of them.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._grouping import Floats, Grouped, Ints, grouped
from affectory.transforms.views._rows import label_rows
from affectory.transforms.views._words import Meaning, lexicon, spelled

_SHOWN = 5


@dataclass(frozen=True)
class OpenWords:
    """The share of raters who named each label. Raters whose words mean none of them count too: they named none."""

    forms: Annotated[bool, Field(description="whether other forms of the taxonomy's English words are known")] = True
    embeddings: Annotated[
        float | None, Field(gt=0, le=1, description="how near in meaning an unknown word must be; null: none is")
    ] = None

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`; the values of a sample are null where none of its words means anything."""
        groups = _answered(opinions)
        said, row = _words(groups.opinions)
        meant = lexicon(taxonomy, self.forms, self.embeddings).meanings(dict.fromkeys(said))
        named = _named(said, row, meant, taxonomy, groups.opinions.num_rows)
        states = _states(said, groups.group[row], meant, groups.size)
        values = groups.mean(named)
        lost = np.array([state is not None for state in states], bool) & ~(values > 0).any(axis=1)
        values[lost] = np.nan
        return label_rows(self, groups, taxonomy.name, "multi-label", values, state=states)


def unmapped(opinions: pa.Table, taxonomy: Taxonomy, forms: bool = True, embeddings: float | None = None) -> pa.Table:
    """The words that mean no label: in how many opinions and samples, and the nearest label where `embeddings` says
    how near it must be. The most frequent come first."""
    table = _answered(opinions).opinions
    said, row = _words(table)
    meant = lexicon(taxonomy, forms, embeddings).meanings(dict.fromkeys(said))
    sample = table.column("sample_id").take(pa.array(row)).to_pylist()
    opinion = Counter(word for word, _ in dict.fromkeys(zip(said, row.tolist(), strict=True)))
    samples = Counter(word for word, _ in dict.fromkeys(zip(said, sample, strict=True)))
    words = sorted((w for w in opinion if meant[w].label is None), key=lambda word: (-opinion[word], word))
    columns = {
        "word": pa.array(words, pa.string()),
        "opinions": pa.array([opinion[word] for word in words], pa.int64()),
        "samples": pa.array([samples[word] for word in words], pa.int64()),
        "nearest": pa.array([meant[word].nearest for word in words], pa.string()),
        "similarity": pa.array([meant[word].similarity for word in words], pa.float64()),
    }
    return pa.table(columns)


def _answered(opinions: pa.Table) -> Grouped:
    """Opinions in words; that none came to mind is one of them."""
    groups = grouped(opinions)
    words = pc.struct_field(groups.opinions.column("answer").combine_chunks(), "words")
    return groups.only(pc.is_valid(words).to_numpy(zero_copy_only=False))


def _words(opinions: pa.Table) -> tuple[list[str], Ints]:
    """Every word said, as it is looked up, and the row that it is in."""
    words = pc.struct_field(opinions.column("answer").combine_chunks(), "words")
    row = pc.list_parent_indices(words).to_numpy()
    said = [spelled(word or "") for word in pc.list_flatten(words).to_pylist()]
    kept = np.array([bool(word) for word in said], bool)
    return [word for word in said if word], row[kept].astype(np.int64)


def _named(said: list[str], row: Ints, meant: dict[str, Meaning], taxonomy: Taxonomy, rows: int) -> Floats:
    """Opinions x labels: 1 where the opinion named the label, however often."""
    places = {label: place for place, label in enumerate(taxonomy.labels)}
    label = np.array([places.get(meant[word].label or "", -1) for word in said], np.int64)
    found = np.zeros((rows, len(places)))
    found[row[label >= 0], label[label >= 0]] = 1.0
    return found


def _states(said: list[str], group: Ints, meant: dict[str, Meaning], groups: int) -> list[str | None]:
    """What to know about each group's words that mean no label."""
    lost: list[Counter[str]] = [Counter() for _ in range(groups)]
    for word, place in zip(said, group.tolist(), strict=True):
        if meant[word].label is None:
            lost[place][word] += 1
    return [_told(words) if words else None for words in lost]


def _told(words: Counter[str]) -> str:
    ordered = sorted(words.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{word} ({count})" if count > 1 else word for word, count in ordered[:_SHOWN])
    more = f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return f"words that mean none of the labels: {shown}{more}"

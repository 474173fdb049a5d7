"""Real votes for benchmarks: who said what about which item, and splits into votes seen and votes not seen.

A set has items, questions and votes. A vote answers some of the questions; -1 is a question it did not answer. `block`
says within an item which votes are drawn together: the modality that raters were shown.
"""

import csv
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).parents[2] / "shared" / "data"
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Votes:
    """`answers` has a row for each vote and a column for each question; `rater` is -1 where nobody says who it was."""

    name: str
    questions: tuple[str, ...]
    sizes: tuple[int, ...]
    items: int
    item: Ints
    block: Ints
    rater: Ints
    answers: Ints

    @property
    def raters(self) -> int:
        return int(self.rater.max(initial=-1)) + 1

    def take(self, rows: Ints) -> "Votes":
        """Some of the votes; items keep their numbers."""
        picked = (x[rows] for x in (self.item, self.block, self.rater, self.answers))
        return Votes(self.name, self.questions, self.sizes, self.items, *picked)

    def said(self) -> Floats:
        """Votes x answers of all questions side by side: 1 for each answer given."""
        starts = np.cumsum([0, *self.sizes])
        found = np.zeros((len(self.item), starts[-1]))
        for question, start in enumerate(starts[:-1]):
            rows = np.flatnonzero(self.answers[:, question] >= 0)
            found[rows, start + self.answers[rows, question]] = 1.0
        return found

    def counts(self) -> Floats:
        """Items x answers of all questions side by side."""
        columns = [np.bincount(self.item, weights=column, minlength=self.items) for column in self.said().T]
        return np.stack(columns, axis=1)


def split(votes: Votes, seen: int, seed: int, rest: int = 1) -> tuple[Votes, Votes]:
    """For each item and block that has enough, `seen` votes at random and those that remain; other items are left."""
    unit = votes.item * (votes.block.max(initial=0) + 1) + votes.block
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(len(unit)), unit))
    sizes = np.bincount(unit)
    starts = np.cumsum(sizes) - sizes
    place = np.arange(len(unit)) - starts[unit[order]]
    enough = sizes[unit[order]] >= seen + rest
    return votes.take(order[enough & (place < seen)]), votes.take(order[enough & (place >= seen)])


def ferplus() -> Votes:
    """Votes for the 8 emotions (not "unknown", not "no face") on images with at least 8 of these."""
    rows = _table(DATA / "ferplus" / "fer2013new.csv")
    names = tuple(list(rows[0])[2:10])
    counts = np.array([[int(row[name]) for name in names] for row in rows])
    return _anonymous("FER+", ("emotion",), counts[counts.sum(axis=1) >= 8][:, None, :])


def crema_d() -> Votes:
    """Votes for 6 labels on 7,442 clips heard, seen, and both: three questions of one item."""
    rows = _table(DATA / "crema_d" / "tabulatedVotes.csv")
    modes = ("voice", "face", "both")
    names = {name: i for i, name in enumerate(sorted({row["fileName"] for row in rows}))}
    counts = np.zeros((len(names), 3, 6), dtype=np.int64)
    for row in rows:
        counts[names[row["fileName"]], int(row[""][0]) - 1] += [int(row[x]) for x in "ADFHNS"]
    return _anonymous("CREMA-D", modes, counts)


def intended(votes: Votes) -> Votes:
    """CREMA-D's votes, and as one more question what the actor of each clip was told to show."""
    names = sorted({row["fileName"] for row in _table(DATA / "crema_d" / "tabulatedVotes.csv")})
    meant = np.array(["ADFHNS".index(name.split("_")[2][0]) for name in names])
    none = np.full((votes.items, len(votes.sizes)), -1)
    answers = np.block([[votes.answers, np.full((len(votes.item), 1), -1)], [none, meant[:, None]]])
    items, block = np.arange(votes.items), np.full(votes.items, len(votes.sizes))
    parts = ((votes.item, items), (votes.block, block), (votes.rater, np.full(votes.items, -1)))
    questions, sizes = (*votes.questions, "intended"), (*votes.sizes, 6)
    return Votes(votes.name, questions, sizes, votes.items, *map(np.concatenate, parts), answers)


def cawi2() -> Votes:
    """Ratings of 100 texts: 8 emotions 0 to 4, arousal 0 to 4, valence -3 to 3; one rating for each text and rater."""
    rows = _table(DATA / "cawi2" / "cawi2_annotations.csv")
    names = tuple(list(rows[0])[2:])
    return _rated("cawi2", "text_id", "annotator_id", names, rows)


def emobank() -> Votes:
    """Readers' ratings 1 to 5 of valence, arousal and dominance; (1, 1, 1) is no answer."""
    rows = _table(DATA / "emobank" / "individual_reader_ratings.csv")
    rows = [row for row in rows if (row["V"], row["A"], row["D"]) != ("1", "1", "1")]
    return _rated("EmoBank", "id", None, ("V", "A", "D"), rows)


def brighter_arq() -> Votes:
    """Ten raters' yes (an intensity of 1 or more) or no to 6 emotions."""
    answers: dict[tuple[str, str], dict[str, int]] = {}
    rows = _table(DATA / "brighter" / "arq_individuals.csv")
    names = tuple(dict.fromkeys(row["emotion"] for row in rows))
    for row in rows:
        for rater in [x for x in row if x.startswith("Annotator") and row[x] not in ("", "None")]:
            answers.setdefault((row["text_id"], rater), {})[row["emotion"]] = int(float(row[rater]) >= 1)
    said = [{"text": text, "rater": rater, **{k: str(v) for k, v in x.items()}} for (text, rater), x in answers.items()]
    return _rated("BRIGHTER arq", "text", "rater", names, said)


def hs_brexit() -> Votes:
    """Six raters' yes or no to three questions: hate, aggression, offence."""
    said = []
    for part in ("train", "dev", "test"):
        for key, row in json.loads((DATA / "lewidi" / f"HS-Brexit_{part}.json").read_text()).items():
            others = row["other_info"]["other annotations"]
            columns = {"hate": row["annotations"], **{name.split()[0]: given for name, given in others.items()}}
            split_up = {name: given.replace("No", "0").split(",") for name, given in columns.items()}
            for place, rater in enumerate(row["annotators"].split(",")):
                said.append({"text": f"{part} {key}", "rater": rater, **{n: x[place] for n, x in split_up.items()}})
    return _rated("HS-Brexit", "text", "rater", ("hate", "aggressive", "offensive"), said)


SETS: dict[str, Callable[[], Votes]] = {
    "cawi2": cawi2,
    "CREMA-D": crema_d,
    "FER+": ferplus,
    "BRIGHTER arq": brighter_arq,
    "EmoBank": emobank,
    "HS-Brexit": hs_brexit,
}


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _anonymous(name: str, questions: tuple[str, ...], counts: Ints) -> Votes:
    """Votes that were only counted: items x questions x answers. A question is a block."""
    item, question, answer = (np.repeat(x, counts[counts > 0]) for x in np.nonzero(counts))
    answers = np.full((len(item), len(questions)), -1)
    answers[np.arange(len(item)), question] = answer
    sizes = (counts.shape[2],) * len(questions)
    return Votes(name, questions, sizes, len(counts), item, question, np.full(len(item), -1), answers)


def _rated(
    name: str, item: str, rater: str | None, questions: tuple[str, ...], rows: Iterable[dict[str, str]]
) -> Votes:
    """One vote a row, which answers all of the questions; of several of one rater about one item the first."""
    kept = {(row[item], row[rater] if rater else place): row for place, row in enumerate(rows)}
    rows = [kept[key] for key in sorted(kept)]
    given = np.array([[float(row.get(q) or "nan") for q in questions] for row in rows])
    levels = [np.unique(column[~np.isnan(column)]) for column in given.T]
    columns = [np.where(np.isnan(x), -1, np.searchsorted(y, x)) for x, y in zip(given.T, levels, strict=True)]
    who = np.unique([row[rater] for row in rows], return_inverse=True)[1] if rater else np.full(len(rows), -1)
    items, of = np.unique([row[item] for row in rows], return_inverse=True)
    sizes = tuple(len(x) for x in levels)
    return Votes(name, questions, sizes, len(items), of, np.zeros_like(of), who, np.stack(columns, axis=1).astype(int))

"""A workspace with two records and files of ratings about them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affectory.pipelines.acts import counting
from affectory.pipelines.judging import Importer, said_by
from affectory.pipelines.rating import RatingEntry
from affectory.pipelines.records import RecordRows
from affectory.pipelines.runner.attach import standing
from affectory.pipelines.scan import Scan
from affectory.pipelines.store.commits import Commit, Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.taxonomy import Taxonomy, parse_taxonomy
from affectory.transforms.ratings.base import RATINGS, Ratings
from affectory.transforms.sources.base import Limits, Refused, SourceFile, build

Row = dict[str, Any]
ABC = parse_taxonomy({"name": "abc", "entries": ["a", "b", {"name": "c", "synonyms": ["sea"]}]})


@dataclass(frozen=True)
class Reader:
    """Reads ratings that stand in a JSON file as they will be imported; a row that is text is refused."""

    of: str = "lines"
    perspective: str = "perceived"
    question: str = "which"
    modalities: tuple[str, ...] = ("text",)
    rater_kind: str = "human"
    rater_relation: str | None = None
    asks_intensity: bool = False
    offered: tuple[str, ...] = ()
    each_label: bool = False
    response: str | None = None

    def files(self, root: Path) -> Iterator[Path | Refused]:
        yield from sorted(root.glob("*.json"))

    def read(self, file: SourceFile, limits: Limits) -> Iterator[Ratings]:
        rows = list(enumerate(json.loads(file.path.read_text()), 1))
        good = [{**row, "row": number} for number, row in rows if isinstance(row, dict)]
        refused = tuple(Refused(f"{file.uri}#L{n}", "bad_row", row) for n, row in rows if isinstance(row, str))
        columns = {name: [row.get(name) for row in good] for name in RATINGS.names}
        yield Ratings(build(RATINGS, columns, len(good)), refused)


@dataclass(frozen=True)
class World:
    """A workspace with the records k1 and k2, and folders of rating files."""

    root: Path
    taxonomy: Taxonomy = ABC
    preview: bool = False

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.root / "w")

    def scan(self, key: str = "scan") -> Scan:
        index = [
            {
                "record_id": f"r_{n}",
                "source": "lines",
                "uri": f"{n}.txt",
                "key": f"k{n}",
                "fingerprint": n,
                "kind": "text",
            }
            for n in "12"
        ]
        columns = {name: [row.get(name) for row in index] for name in RecordRows.index_schema().names}
        table = build(RecordRows.index_schema(), columns, len(index))
        self.workspace.commits().commit(key, "scan", Counts(2, 2, 2), {"records": table}, {})
        return Scan(key, (), 2, 2, 0)

    def importer(self, rows: Sequence[Row | str], reader: Reader | None = None, folder: str = "one") -> Importer:
        where = self.root / folder
        where.mkdir(exist_ok=True)
        (where / "a.json").write_text(json.dumps(rows))
        entry = RatingEntry(folder, reader or Reader(), where, f"{folder} {reader}")
        scan = self.scan()
        hide = "p_{}".format
        return Importer(self.workspace, [entry], self.taxonomy, hide, Limits(), scan, preview=self.preview)

    def take(self, *rows: Row | str, reader: Reader | None = None, folder: str = "one") -> Commit:
        commit = self.importer(rows, reader, folder).run()
        assert commit is not None
        counts = commit.counts
        assert counts.rows_in == counts.kept + counts.rejected + counts.failed
        return commit

    def ledger(self) -> list[Row]:
        rows: list[Row] = self.workspace.ledger("judgements").read().to_pylist()
        return sorted(rows, key=lambda r: (r["rater"], r["revision"], r["judgement_id"]))

    def stands(self, commit: Commit | None = None) -> list[Row]:
        """What counts after the last import that was taken, or after another."""
        records = self.workspace.records()
        last = json.loads(records.read(list(records.names("imported"))[-1]))["commit"]
        said = said_by(self.workspace, commit or self.workspace.commits().get(last))
        rows: list[Row] = standing(counting(self.workspace.ledger("judgements").read(), said)).to_pylist()
        return rows

    def refused(self, commit: Commit) -> list[Row]:
        table = self.workspace.commits().read(commit, "rejects")
        return [] if table is None else list(table.to_pylist())


def says(label: str | None = "a", rater: str = "ann", **columns: Any) -> Row:
    return {"target_key": "k1", "rater": rater, "label": label, **columns}


def weights(judgement: Row) -> list[float]:
    return list(judgement["answer"]["weights"])

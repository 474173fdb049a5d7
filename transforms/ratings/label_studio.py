"""Label Studio: every annotation of an export in JSON is a rating, or one for each of its regions."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import Annotated, Any, ClassVar

from pydantic import Field

from affectory.transforms.ratings._columns import RatingTable, Roles, seconds_to_us
from affectory.transforms.ratings._regions import BOX, CHAR_END, CHAR_START, END, START, Region, read_results
from affectory.transforms.ratings._scales import DIMENSIONS
from affectory.transforms.sources._columns import Problems, whole
from affectory.transforms.sources._csv import CsvTable
from affectory.transforms.sources._documents import document, flattened, unfit
from affectory.transforms.sources._tables import Chunk, ColumnName, Columns, Pending
from affectory.transforms.sources.base import Limits, Refused, SourceFile

_POINTED = "\0evidence"
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class LabelStudioRatings(RatingTable):
    """Ratings from a JSON export of Label Studio. Columns are the names of its tags, `id` (of the task), `annotator`,
    `annotation`, `lead_time`, and what tasks are made of as `data.text`."""

    target: Annotated[Columns | None, Field(description="column with the key of the record, such as data.uid")] = "id"
    rater: Annotated[Columns | None, Field(description="column with who rated")] = "annotator"
    spent_s: Annotated[ColumnName | None, Field(description="column with the time taken, in seconds")] = "lead_time"
    evidence: Annotated[
        tuple[ColumnName, ...],
        Field(description="tags whose regions are what the rater pointed at, not rated by itself"),
    ] = ()
    framerate: Annotated[
        Annotated[float, Field(gt=0, allow_inf_nan=False)] | None,
        Field(description="frames a second that the interface's video was set to, for timelines"),
    ] = None
    lists: ClassVar[bool] = True

    @staticmethod
    def endings() -> tuple[str, ...]:
        return "*.json", "*.json.gz"

    @property
    def also(self) -> tuple[str, ...]:
        return (_POINTED, BOX)

    def _roles(self) -> Roles:
        places: Roles = {
            "start_us": (START, seconds_to_us, "bad_row"),
            "end_us": (END, seconds_to_us, "bad_row"),
            "char_start": (CHAR_START, whole, "bad_row"),
            "char_end": (CHAR_END, whole, "bad_row"),
        }
        return {**places, **super()._roles()}

    def _beside(self, chunk: Chunk, problems: Problems) -> dict[str, list[Any]]:
        return {"evidence": [*chunk.values(_POINTED)], "box": [*chunk.values(BOX)]}

    def _chunks(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
        tasks = document(file, limits)
        if isinstance(tasks, Refused):
            yield Chunk(refused=(_as_table(tasks),))
            return
        if not isinstance(tasks, list):
            yield Chunk(refused=(Refused(file.uri, "bad_row", "an export in JSON is a list of tasks"),))
            return
        pending: Pending[Row] = Pending(file.uri)
        for number, (task, annotation) in enumerate(_annotations(tasks), 1):
            self._take(task, annotation, number, {*wanted, *self.evidence}, pending)
            if pending.full():
                yield _chunk(pending, wanted)
                pending = Pending(file.uri)
        yield _chunk(pending, wanted)

    def _take(self, task: Any, annotation: Any, number: int, tags: Set[str], pending: Pending[Row]) -> None:
        if not isinstance(task, Mapping) or not isinstance(annotation, Mapping):
            pending.refuse(number, "bad_row", "not an annotation of a task", annotation)
        elif wrong := unfit([task.get("id"), task.get("data"), annotation]):
            pending.refuse(number, *wrong, annotation)
        elif annotation.get("was_cancelled"):
            pending.refuse(number, "filtered", "the annotator skipped this task", annotation)
        else:
            try:
                for row in self._rows(task, annotation, tags):
                    pending.add(number, row, 0)
            except (ValueError, TypeError, AttributeError) as error:
                pending.refuse(number, "bad_row", str(error), annotation)

    def _rows(self, task: Mapping[str, Any], annotation: Mapping[str, Any], tags: Set[str]) -> list[Row]:
        answers, regions = read_results(annotation.get("result") or [], tags, self.framerate)
        about = _about(task, annotation)
        pointed = [r.evidence() for r in regions if r.tag in self.evidence]
        rated = set(self._form(()).wanted()) | {getattr(self, name) for name in DIMENSIONS}
        of_regions = [{**about, **_one(r.answers), **r.place} for r in regions if self._is_rated(r, rated)]
        if rated & answers.keys() or pointed or not of_regions:
            return [{**about, **_one(answers), _POINTED: pointed or None}, *of_regions]
        return of_regions

    def _is_rated(self, region: Region, rated: Set[Any]) -> bool:
        return region.tag not in self.evidence and bool(rated & region.answers.keys())


def _as_table(refused: Refused) -> Refused:
    """Label Studio exports tables too, which are read as what they are."""
    if not any(fnmatch(refused.uri.lower(), ending) for ending in CsvTable.endings()):
        return refused
    return replace(refused, detail=f"{refused.detail}; exports as CSV or TSV are read by ratings of the kind csv")


def _annotations(tasks: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Each annotation with its task. Where tasks are flat (JSON-MIN), each is its one annotation."""
    for task in tasks:
        given = task.get("annotations") if isinstance(task, Mapping) else None
        if isinstance(given, list):
            yield from ((task, annotation) for annotation in given)
        else:
            yield task, task


def _about(task: Mapping[str, Any], annotation: Mapping[str, Any]) -> Row:
    who = annotation.get("completed_by", annotation.get("annotator"))
    if annotation is task:
        own = {name: _plain(value) for name, value in task.items()}
        data = {f"data.{name}": value for name, value in own.items()}
        return {**data, **own, "annotation": task.get("annotation_id"), "annotator": who}
    data = flattened(task["data"], "data.") if isinstance(task.get("data"), Mapping) else {}
    named = {"id": task.get("id"), "annotation": annotation.get("id"), "lead_time": annotation.get("lead_time")}
    return {**data, **named, "annotator": who.get("id") if isinstance(who, Mapping) else who}


def _plain(value: Any) -> Any:
    return value["choices"] if isinstance(value, Mapping) and "choices" in value else value


def _one(answers: Mapping[str, Any]) -> Row:
    """A list of one is that one: a choice of which there may be several is told by the recipe's taxonomy, not here."""
    return {tag: v[0] if isinstance(v, list) and len(v) == 1 else v for tag, v in answers.items()}


def _chunk(pending: Pending[Row], wanted: Sequence[str]) -> Chunk:
    return pending.chunk({name: [row.get(name) for row in pending.rows] for name in wanted}, dict)

"""Answers as Label Studio hands them over, checked one by one: it checks nothing itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from affectory.annotation.fields._controls import Control, Wrong
from affectory.annotation.fields._marks import Marked
from affectory.annotation.shown import Shown
from affectory.schemas.recipe.review import Floors

MOST_ITEMS = 1000
"""Answers and marks of one annotation; more is a mistake, or an attempt to fill the disk."""
MOST_PROBLEMS = 8
"""So many are told."""


@dataclass
class Checked:
    """What holds of an annotation, and what is wrong with the rest."""

    values: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, list[Marked]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def checked(result: Any, controls: Mapping[str, Control], shown: Shown) -> Checked:
    """Each answer of a result, by its control."""
    found = Checked()
    if not isinstance(result, Sequence) or isinstance(result, str | bytes):
        found.problems.append("no list of answers")
        return found
    if len(result) > MOST_ITEMS:
        found.problems.append(f"{len(result)} answers and marks, and at most {MOST_ITEMS} are taken")
        return found
    for item in result:
        _take(item, controls, shown, found)
    return found


def _take(item: Any, controls: Mapping[str, Control], shown: Shown, found: Checked) -> None:
    if isinstance(item, Mapping) and item.get("type") == "relation":
        return  # a tie between marks, which nobody is asked for
    name = item.get("from_name") if isinstance(item, Mapping) else None
    control = controls.get(name) if isinstance(name, str) else None
    if control is None:
        found.problems.append(f"no question {str(name)[:60]!r}" if isinstance(name, str) else "an answer to nothing")
        return
    try:
        said = _read(item, control, shown)
    except Wrong as wrong:
        found.problems.append(f"{control.name}: {wrong}")
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        found.problems.append(f"{control.name}: an answer that cannot be read")
    else:
        _keep(control, said, found)


def _read(item: Mapping[str, Any], control: Control, shown: Shown) -> Any:
    if item.get("type") != control.type or item.get("to_name") != control.to:
        raise Wrong(f"an answer of another kind than {control.type} about {control.to}")
    value = item.get("value")
    if not isinstance(value, Mapping):
        raise Wrong("an answer without a value")
    return control.read(value, item, shown)


def _keep(control: Control, said: Any, found: Checked) -> None:
    if control.marks:
        found.marks.setdefault(control.name, []).extend(said)
    elif control.name in found.values:
        found.problems.append(f"{control.name}: answered twice")
    else:
        found.values[control.name] = said


def too_fast(spent_s: float | None, shown: Shown, floors: Floors) -> Iterator[str]:
    """A word on an answer that took less time than the sample does; where nobody measured, there is none."""
    if spent_s is None:
        return
    least = floor(shown, floors)
    if not isfinite(spent_s) or spent_s < 0:
        yield f"a time of {spent_s:g} s"
    elif spent_s < least:
        yield f"answered in {spent_s:.1f} s, and it takes {least:.1f} s at least"


def floor(shown: Shown, floors: Floors) -> float:
    """The least time that a judgement can take, of a pair that of both sides."""
    if shown.sides:
        return sum(floor(side, floors) for side in shown.sides)
    plays = {"video", "audio"} & shown.media.keys()
    return floors.media * shown.duration_s if plays and shown.duration_s else floors.text

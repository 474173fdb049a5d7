"""What was answered, in time or late or taken back, leaves its task as it was; what is asked since then is another."""

from dataclasses import replace

import pyarrow as pa
from support.selecting import World, newest, raters, wanted


def test_nobody_is_asked_about_what_their_task_does_not_show() -> None:
    """Who left had answered, so the task stays as it was: whoever is asked about the sample as it is gets another."""
    world = World(wanted(1, {"raters": 2, "enough": 0.01}, raters=raters("a", "b")))
    world.night()
    first = world.open()[0]
    world.wanted = replace(
        world.wanted,
        raters=tuple(replace(one, withdrawn=one.id == first["rater"]) for one in world.wanted.raters),
        samples=world.wanted.samples.set_column(3, "content", pa.array(["other"])),
    )
    world.night()
    [second] = world.open()
    assert (second["content"], second["task"]) == ("other", first["task"])
    world.answer(first)
    world.night()
    [now] = [row for row in newest(world.wanted.asks) if row["ask_id"] == second["ask_id"]]
    assert (now["closed"], now["content"]) == (None, "other") and now["task"] != first["task"]
    assert world.night().fresh.num_rows == 0


def test_what_was_taken_back_may_still_lie_there_and_its_task_shows_what_it_did() -> None:
    world = World(wanted(1, {"raters": 2, "enough": 0.01}, raters=raters("a", "b")))
    world.night()
    first = world.open()[0]
    world.answer(first, "retracted")
    world.wanted = replace(world.wanted, samples=world.wanted.samples.set_column(3, "content", pa.array(["other"])))
    world.night()
    assert {row["content"] for row in world.open()} == {"other"}
    assert first["task"] not in {row["task"] for row in world.open()}

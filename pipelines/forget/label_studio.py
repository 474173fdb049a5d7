"""Taking a person out of Label Studio and out of the folder of the review; projects stay, as others are in them.

Label Studio 1.23 loses signals when a project is deleted, so that nothing is counted in it from then on.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from affectory.annotation.client.listing import emails, exported, tasks
from affectory.annotation.proxy.home import read_assigned, read_raters, write_assigned, write_raters
from affectory.annotation.proxy.hours import forget_hours
from affectory.annotation.pull import annotations_of
from affectory.annotation.push_project import known
from affectory.annotation.server.accounts import forget_password
from affectory.annotation.tracing.tasks import remove_task, tasks_of
from affectory.annotation.tracing.traces import saved_in
from affectory.pipelines.review.serving import Shelf
from affectory.schemas.ids import digest

if TYPE_CHECKING:
    from affectory.annotation.client.server import Server
    from affectory.pipelines.review.desk import Desk


def take_out(desk: "Desk", server: "Server") -> tuple[int, int]:
    """Delete tasks about people who were forgotten, and their own answers to others; how many of each."""
    forgotten, deleted, answers = desk.workspace.forgotten(), 0, 0
    for project in desk.projects():
        number = known(server, project.spec)
        if number is None:
            continue
        for task in [task.number for task in tasks(server, number) if forgotten.knows(task.uid)]:
            server.delete(f"/api/tasks/{task}/")
            deleted += 1
        for annotation in _answers(desk, server, number):
            server.delete(f"/api/annotations/{annotation}/")
            answers += 1
    return deleted, answers


def _answers(desk: "Desk", server: "Server", project: int) -> list[int]:
    forgotten, addresses = desk.workspace.forgotten(), emails(server)
    theirs = {number for number, email in addresses.items() if forgotten.knows(desk.pseudonym(email))}
    if not theirs:
        return []
    mine = {number: addresses[number] for number in theirs}
    found = {one.annotation for task in exported(server, project) for one in annotations_of(task, mine) if one.email}
    return sorted(found)


def take_out_of_home(desk: "Desk") -> None:
    """Nothing of them is served any more, no clip of theirs is traced, and they are no rater here."""
    home, forgotten = desk.home, desk.workspace.forgotten()
    for path in sorted((home.folder / "assigned").glob("*.json")):
        there = read_assigned(path)
        gone = {number for number, task in there.tasks.items() if forgotten.knows(str(task.get("uid")))}
        if gone or forgotten.among(there.raters):
            write_assigned(home.folder, int(path.stem), replace(
                there,
                tasks={number: task for number, task in there.tasks.items() if number not in gone},
                raters={rater: [n for n in numbers if n not in gone] for rater, numbers in there.raters.items()
                        if not forgotten.knows(rater)},
                anyone=[number for number in there.anyone if number not in gone],
                media=there.media and {name: left for name, numbers in there.media.items()
                                       if (left := [n for n in numbers if n not in gone])},
            ))  # fmt: skip
    if home.media.is_dir():
        Shelf(home, desk.workspace.assets(), {}).sweep()
    _take_out_traces(desk)
    _take_out_rater(desk)


def _take_out_traces(desk: "Desk") -> None:
    import shutil

    home, forgotten = desk.home.folder, desk.workspace.forgotten()
    for task in list(tasks_of(home)):
        if forgotten.knows(task.uid):
            remove_task(home, task.uid)
    for folder in saved_in(home).glob("*/"):
        if forgotten.knows(folder.name):
            shutil.rmtree(folder)


def _take_out_rater(desk: "Desk") -> None:
    """They may be known to the proxy under an id of another review, so it is their address that tells."""
    home, forgotten, raters = desk.home, desk.workspace.forgotten(), read_raters(desk.home.folder)
    gone = {email: rater.id for email, rater in raters.items() if forgotten.knows(desk.pseudonym(email))}
    forget_hours(home.folder / "hours.jsonl", lambda rater: forgotten.knows(rater) or rater in gone.values())
    if gone:
        write_raters(home.folder, {email: rater for email, rater in raters.items() if email not in gone})
        (home.folder / "status.html").unlink(missing_ok=True)
    for email, rater in gone.items():
        forget_password(home.passwords, email)
        for saved in saved_in(home.folder).glob(f"*/*/{digest('rater', rater)}.jsonl"):
            saved.unlink()

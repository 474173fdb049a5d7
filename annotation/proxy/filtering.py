"""What annotators get to see of what Label Studio answers: named fields only, and nobody's work but their own."""

from collections.abc import Iterable, Mapping
from typing import Any

PROJECT = ("id", "title", "label_config", "expert_instruction", "show_instruction", "show_skip_button",
           "enable_empty_annotation", "color", "parsed_label_config", "control_weights", "config_has_control_tags",
           "organization", "created_at", "skip_queue", "reveal_preannotations_interactively")  # fmt: skip
TASK = ("id", "data", "project", "created_at", "allow_skip")
ANNOTATION = ("id", "result", "created_username", "created_ago", "completed_by", "was_cancelled", "created_at",
              "updated_at", "draft_created_at", "lead_time", "task", "project", "unique_id",
              "parent_prediction")  # fmt: skip
DRAFT = ("id", "result", "lead_time", "task", "annotation", "user", "created_username", "created_ago", "created_at",
         "updated_at", "was_postponed")  # fmt: skip
PREDICTION = ("id", "result", "score", "task", "project", "created_at", "model_version")
ACCOUNT = ("id", "first_name", "last_name", "username", "email", "initials", "custom_hotkeys", "active_organization")
MAY = ("projects.view", "tasks.view", "annotations.create", "annotations.view", "annotations.change",
       "annotations.delete")  # fmt: skip
SENT = ("result", "lead_time", "was_cancelled", "draft_id", "started_at", "unique_id", "parent_prediction")
SENT_DRAFT = ("result", "lead_time", "was_postponed")


def only(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The named fields of a row."""
    return {name: row[name] for name in names if name in row}


def user_of(row: Mapping[str, Any]) -> int | None:
    """Whose annotation it is: Label Studio names them by number here and by object there."""
    who = row.get("completed_by")
    number = who.get("id") if isinstance(who, dict) else who
    return number if isinstance(number, int) else None


def own(rows: Any, user: int) -> list[dict[str, Any]]:
    """The annotations among `rows` that are this user's."""
    return [row for row in rows or () if isinstance(row, dict) and user_of(row) == user]


def others(rows: Any, user: int) -> set[int]:
    """Who else has answered; skipping is no answer."""
    found = {user_of(row) for row in rows or () if isinstance(row, dict) and not row.get("was_cancelled")}
    return {number for number in found if number is not None} - {user}


def own_draft(row: Any, account: Mapping[str, Any]) -> bool:
    """Whether a draft is of this account; drafts name their author by a line that ends in the number."""
    name = str(row.get("created_username", "")) if isinstance(row, dict) else ""
    return name.endswith(f"{account['email']}, {account['id']}") and row.get("user") == account["email"]


def project(row: Mapping[str, Any], *, total: int, done: int, suggests: bool) -> dict[str, Any]:
    """A project as one rater's work: counts are theirs, settings are those of labelling."""
    counts = {"task_number": total, "task_count": total, "queue_total": total, "queue_done": done}
    answers = {"annotation_count": done, "total_annotations_number": done, "num_tasks_with_annotations": done}
    may = {"can_delete_tasks": False, "can_manage_annotations": False, "can_manage_tasks": False}
    fixed = {"sampling": "Sequential sampling", "maximum_annotations": 1, "show_collab_predictions": suggests,
             "show_annotation_history": False, "description": "", "is_published": True, "created_by": {"id": 0},
             "model_version": None, "finished_task_number": done}  # fmt: skip
    return only(row, PROJECT) | counts | answers | may | fixed


def task(row: Mapping[str, Any], account: Mapping[str, Any], *, suggests: bool) -> dict[str, Any]:
    """A task with one's own annotations and drafts, and predictions where raters are to see them."""
    annotations = [only(a, ANNOTATION) for a in own(row.get("annotations"), account["id"])]
    drafts = [only(d, DRAFT) for d in row.get("drafts") or () if own_draft(d, account)]
    predictions = [only(p, PREDICTION) for p in row.get("predictions") or ()] if suggests else []
    counts = {"total_annotations": len(annotations), "cancelled_annotations": 0, "total_predictions": len(predictions)}
    return only(row, TASK) | counts | {
        "annotations": annotations, "drafts": drafts, "predictions": predictions, "is_labeled": False, "overlap": 1,
        "meta": {}, "annotators": [], "comment_authors": [], "updated_by": [], "comment_count": 0,
        "unresolved_comment_count": 0, "file_upload": None, "updated_at": row.get("created_at"),
    }  # fmt: skip


def account(row: Mapping[str, Any]) -> dict[str, Any]:
    """Oneself, with the rights that one has here."""
    return only(row, ACCOUNT) | {"avatar": None, "phone": "", "permissions": list(MAY)}


def columns(rows: Any) -> list[dict[str, Any]]:
    """Of the columns of a table of tasks, those of their data."""
    return [row for row in rows or () if row.get("parent") == "data" or row.get("id") in ("id", "data")]

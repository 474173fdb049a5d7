"""What an annotator with a session, a token and curl might try. Names in brackets are filled in by who tries."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Attempt(NamedTuple):
    """A request that must be refused."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None

    def filled(self, names: Mapping[str, object]) -> "Attempt":
        """The same, with the numbers of a real server."""
        body = None if self.body is None else {key: _fill(value, names) for key, value in self.body.items()}
        return Attempt(self.method, self.path.format_map(names), body)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _fill(value: Any, names: Mapping[str, object]) -> Any:
    return names.get(value[1:-1], value) if isinstance(value, str) and value[:1] == "{" else value


RESULT: list[Any] = []
REFUSED = [
    # others' answers
    Attempt("GET", "/api/annotations/{theirs}"),
    Attempt("GET", "/api/annotations/{theirs}/"),
    Attempt("PATCH", "/api/annotations/{theirs}/", {"result": RESULT}),
    Attempt("PUT", "/api/annotations/{theirs}/", {"result": RESULT}),
    Attempt("DELETE", "/api/annotations/{theirs}/"),
    Attempt("POST", "/api/annotations/{theirs}/convert-to-draft", {}),
    Attempt("POST", "/api/tasks/{task}/annotations/{theirs}/drafts", {"result": RESULT}),
    Attempt("GET", "/api/tasks/{task}/annotations/{theirs}/drafts"),
    Attempt("GET", "/api/tasks/{task}/agreement/"),
    Attempt("GET", "/api/projects/{project}/annotators/"),
    Attempt("GET", "/api/projects/{project}/summary/"),
    # tasks that are not theirs
    Attempt("GET", "/api/tasks/{other_task}/"),
    Attempt("GET", "/api/tasks/{other_task}/annotations/"),
    Attempt("GET", "/api/tasks/{other_task}/drafts"),
    Attempt("POST", "/api/tasks/{other_task}/annotations/", {"result": RESULT}),
    Attempt("POST", "/api/tasks/{other_task}/drafts", {"result": RESULT}),
    Attempt("GET", "/api/tasks/{foreign_task}/"),
    Attempt("POST", "/api/tasks/{foreign_task}/annotations/", {"result": RESULT}),
    Attempt("GET", "/api/projects/{project}/tasks/"),
    Attempt("PATCH", "/api/tasks/{task}/", {"overlap": 99}),
    Attempt("DELETE", "/api/tasks/{task}/"),
    Attempt("POST", "/api/tasks/", {"project": "{project}", "data": {"text": "mine"}}),
    Attempt("POST", "/api/projects/{project}/import", {"text": "mine"}),
    # exports
    Attempt("GET", "/api/projects/{project}/export?exportType=JSON"),
    Attempt("GET", "/api/projects/{project}/exports/"),
    Attempt("POST", "/api/projects/{project}/exports/", {"title": "mine"}),
    Attempt("GET", "/api/projects/{project}/export/files"),
    # projects
    Attempt("PATCH", "/api/projects/{project}/", {"title": "taken over", "maximum_annotations": 9}),
    Attempt("DELETE", "/api/projects/{project}/"),
    Attempt("POST", "/api/projects/", {"title": "my own project"}),
    Attempt("GET", "/api/projects/{foreign}/"),
    Attempt("GET", "/api/projects/{foreign}/next"),
    Attempt("GET", "/api/dm/project?project={foreign}"),
    Attempt("POST", "/api/projects/{project}/validate/", {"label_config": "<View/>"}),
    Attempt("POST", "/api/projects/{project}/summary/reset/", {}),
    # the Data Manager
    Attempt("POST", "/api/dm/actions?id=delete_tasks&project={project}", {"selectedItems": {"all": True}}),
    Attempt("POST", "/api/dm/actions?id=delete_tasks_annotations&project={project}", {"selectedItems": {"all": True}}),
    Attempt("POST", "/api/dm/actions?id=next_task&id=delete_tasks&project={project}", {}),
    Attempt("POST", "/api/dm/actions?id=next_task&project={foreign}", {}),
    Attempt("GET", "/api/dm/views/1"),
    Attempt("DELETE", "/api/dm/views/reset?project={project}"),
    # people, tokens, the organization
    Attempt("GET", "/api/users/{lead}/"),
    Attempt("PATCH", "/api/users/{me}/", {"email": "lead@x.test"}),
    Attempt("DELETE", "/api/users/{lead}/"),
    Attempt("POST", "/api/users/", {"email": "new@x.test"}),
    Attempt("GET", "/api/current-user/token"),
    Attempt("POST", "/api/current-user/reset-token/"),
    Attempt("PATCH", "/api/current-user/hotkeys/", {"custom_hotkeys": {}}),
    Attempt("GET", "/api/token/"),
    Attempt("POST", "/api/token/", {}),
    Attempt("GET", "/api/jwt/settings"),
    Attempt("POST", "/api/jwt/settings", {"api_tokens_enabled": False, "legacy_api_tokens_enabled": False}),
    Attempt("GET", "/api/invite"),
    Attempt("POST", "/api/invite/reset-token"),
    Attempt("GET", "/api/organizations/"),
    Attempt("GET", "/api/organizations/1/memberships"),
    Attempt("PATCH", "/api/organizations/1", {"title": "mine"}),
    Attempt("POST", "/user/account/", {}),
    Attempt("GET", "/user/account/"),
    # predictions, models, storages, webhooks
    Attempt("GET", "/api/predictions/?task={task}"),
    Attempt("POST", "/api/predictions/", {"task": "{task}", "result": RESULT}),
    Attempt("GET", "/api/projects/{project}/model-versions/"),
    Attempt("POST", "/api/ml/", {"project": "{project}", "url": "http://127.0.0.1:1"}),
    Attempt("POST", "/api/webhooks/", {"url": "http://127.0.0.1:1", "project": "{project}"}),
    Attempt("GET", "/api/webhooks/"),
    Attempt("POST", "/api/storages/localfiles", {"project": "{project}", "path": "/etc"}),
    Attempt("GET", "/api/storages/?project={project}"),
    Attempt("GET", "/data/local-files/?d=etc/passwd"),
    Attempt("GET", "/data/upload/1/a.png"),
    # other doors
    Attempt("GET", "/admin/"),
    Attempt("GET", "/django-rq/"),
    Attempt("GET", "/docs/api/schema/json/"),
    Attempt("GET", "/feature-flags/"),
    Attempt("GET", "/metrics/"),
    Attempt("GET", "/organization/"),
    Attempt("GET", "/projects/{project}/settings/"),
    Attempt("GET", "/projects/{project}/data/export"),
    Attempt("GET", "/projects/{foreign}/data?labeling=1"),
    Attempt("GET", "/review/status"),
    # the same ways, written otherwise
    Attempt("GET", "//api/annotations/{theirs}/"),
    Attempt("GET", "/api//annotations/{theirs}/"),
    Attempt("GET", "/static/../api/annotations/{theirs}/"),
    Attempt("GET", "/static/%2e%2e/api/annotations/{theirs}/"),
    Attempt("GET", "/api/%61nnotations/{theirs}/"),
    Attempt("GET", "/API/annotations/{theirs}/"),
    Attempt("GET", "/api/annotations/{theirs};/"),
    Attempt("GET", "/api/annotations/{theirs}%00/"),
    Attempt("GET", "/x/version/"),
    Attempt("OPTIONS", "/api/annotations/{theirs}/"),
    Attempt("HEAD", "/api/annotations/{theirs}/"),
    Attempt("TRACE", "/api/projects/{project}/"),
]
HEADERS: list[dict[str, str]] = [
    {"x-http-method-override": "DELETE"},
    {"x-original-url": "/api/users/"},
    {"x-rewrite-url": "/api/users/"},
    {"x-forwarded-host": "127.0.0.1", "x-forwarded-for": "127.0.0.1"},
    {"x-forwarded-user": "lead@x.test", "remote-user": "lead@x.test"},
    {"x-affectory-rater": "L"},
    {"forwarded": "for=127.0.0.1;host=localhost"},
]

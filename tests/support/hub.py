"""A small hub on this machine for tests: the endpoints that `huggingface_hub` calls to publish and read datasets.

It keeps commits, tags and large files as the real one does: unknown parents, tokens and hashes are refused, and what is
large is known by its sha256. It knows neither Xet nor people's rights beyond one token.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml

TOKEN = "hf_test"
_REPO = r"/api/datasets/(?P<repo>[\w.-]+/[\w.-]+)"
Reply = tuple[int, Any]


class Refused(Exception):
    """An answer that is an error: status and the code that tells the client which."""


@dataclass
class Commit:
    """One state of a dataset."""

    oid: str
    title: str
    files: dict[str, bytes]


@dataclass
class Repo:
    """A dataset with its history, newest last."""

    commits: list[Commit]
    tags: dict[str, str] = field(default_factory=dict)
    private: bool = False

    def at(self, revision: str) -> Commit:
        wanted = self.commits[-1].oid if revision == "main" else self.tags.get(revision, revision)
        found = [commit for commit in self.commits if commit.oid == wanted]
        if not found:
            raise Refused(404, "RevisionNotFound")
        return found[0]


@dataclass
class Hub:
    """All datasets, and a log of what was asked."""

    url: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    before: Callable[[str, str], None] = lambda method, path: None

    def repo(self, name: str) -> Repo:
        if name not in self.repos:
            raise Refused(404, "RepoNotFound")
        return self.repos[name]

    def new(self, name: str, **files: bytes) -> Repo:
        start = {".gitattributes": b"*.parquet filter=lfs diff=lfs merge=lfs -text\n", **files}
        self.repos[name] = Repo([Commit(_oid(name.encode()), "initial commit", start)])
        return self.repos[name]


def _oid(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _is_large(name: str) -> bool:
    return name.endswith(".parquet")


def _entry(name: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": name, "size": len(data), "oid": _oid(data)}
    if _is_large(name):
        entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return entry


def _tree(files: dict[str, bytes], top: str, recursive: bool) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, data in sorted(files.items()):
        if top and not name.startswith(f"{top}/"):
            continue
        parts = name[len(top) + 1 if top else 0 :].split("/")
        for depth in range(1, len(parts) if recursive else min(2, len(parts))):
            folder = "/".join(filter(None, [top, *parts[:depth]]))
            found[folder] = {"type": "directory", "path": folder, "oid": _oid(folder.encode())}
        if recursive or len(parts) == 1:
            found[name] = _entry(name, data)
    if top and not found:
        raise Refused(404, "EntryNotFound")
    return list(found.values())


class _Answers:
    """What each endpoint answers; the patterns are tried in order."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.routes: list[tuple[str, str, Callable[..., Reply]]] = [
            ("POST", r"/api/repos/create", self.create),
            ("POST", r"/api/validate-yaml", self.validate),
            ("GET", rf"{_REPO}", self.info),
            ("GET", rf"{_REPO}/revision/(?P<revision>[^/]+)", self.info),
            ("GET", rf"{_REPO}/refs", self.refs),
            ("GET", rf"{_REPO}/tree/(?P<revision>[^/]+)(/(?P<top>.+))?", self.tree),
            ("POST", rf"{_REPO}/paths-info/(?P<revision>[^/]+)", self.paths),
            ("GET", rf"{_REPO}/commits/(?P<revision>[^/]+)", self.commits),
            ("POST", rf"{_REPO}/preupload/(?P<revision>[^/]+)", self.preupload),
            ("POST", rf"{_REPO}/commit/(?P<revision>[^/]+)", self.commit),
            ("POST", rf"{_REPO}/tag/(?P<revision>[^/]+)", self.tag),
            ("POST", r"/datasets/(?P<repo>[\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch", self.batch),
            ("PUT", r"/lfs/(?P<oid>\w+)", self.put),
        ]

    def create(self, body: bytes) -> Reply:
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
        if name in self.hub.repos:
            raise Refused(409, "")
        self.hub.new(name).private = asked.get("private") or asked.get("visibility") == "private"
        return 200, {"url": f"{self.hub.url}/datasets/{name}", "id": name}

    def validate(self, body: bytes) -> Reply:
        """Of the card only that its header is YAML; the real hub knows more rules."""
        yaml.safe_load(json.loads(body)["content"].split("---")[1])
        return 200, {"errors": [], "warnings": []}

    def info(self, body: bytes, repo: str, revision: str = "main") -> Reply:
        found = self.hub.repo(repo)
        commit = found.at(revision)
        siblings = [{"rfilename": name} for name in commit.files]
        return 200, {"id": repo, "sha": commit.oid, "private": found.private, "siblings": siblings}

    def refs(self, body: bytes, repo: str) -> Reply:
        found = self.hub.repo(repo)
        tags = [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": oid} for n, oid in found.tags.items()]
        main = {"name": "main", "ref": "refs/heads/main", "targetCommit": found.commits[-1].oid}
        return 200, {"branches": [main], "tags": tags, "converts": []}

    def tree(self, body: bytes, repo: str, revision: str, top: str | None, recursive: str = "False") -> Reply:
        files = self.hub.repo(repo).at(revision).files
        return 200, _tree(files, unquote(top or ""), recursive.lower() == "true")

    def paths(self, body: bytes, repo: str, revision: str) -> Reply:
        files = self.hub.repo(repo).at(revision).files
        wanted = parse_qs(body.decode()).get("paths", [])
        return 200, [_entry(name, files[name]) for name in wanted if name in files]

    def commits(self, body: bytes, repo: str, revision: str) -> Reply:
        found = self.hub.repo(repo)
        at = found.commits.index(found.at(revision))
        date = "2026-01-01T00:00:00.000Z"
        shown = [{"id": c.oid, "title": c.title, "date": date, "authors": [], "message": ""} for c in found.commits]
        return 200, shown[at::-1]

    def preupload(self, body: bytes, repo: str, revision: str) -> Reply:
        self.hub.repo(repo).at(revision)
        names = [file["path"] for file in json.loads(body)["files"]]
        modes = [{"path": n, "uploadMode": "lfs" if _is_large(n) else "regular", "shouldIgnore": False} for n in names]
        return 200, {"files": modes}

    def batch(self, body: bytes, repo: str) -> Reply:
        self.hub.repo(repo)
        objects = []
        for one in json.loads(body)["objects"]:
            upload = {"upload": {"href": f"{self.hub.url}/lfs/{one['oid']}"}}
            objects.append({**one, **({} if one["oid"] in self.hub.objects else {"actions": upload})})
        return 200, {"transfer": "basic", "objects": objects}

    def put(self, body: bytes, oid: str) -> Reply:
        if hashlib.sha256(body).hexdigest() != oid:
            raise Refused(400, "")
        self.hub.objects[oid] = body
        return 200, {}

    def commit(self, body: bytes, repo: str, revision: str) -> Reply:
        found, files, header = self.hub.repo(repo), {}, {}
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "header":
                header, files = value, dict(found.at(revision).files)
                if value.get("parentCommit", found.commits[-1].oid) != found.commits[-1].oid:
                    raise Refused(412, "")
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
            else:
                del files[value["path"]]
        oid = _oid(body + found.commits[-1].oid.encode())
        found.commits.append(Commit(oid, header["summary"], files))
        return 200, {"success": True, "commitOid": oid, "commitUrl": f"{self.hub.url}/datasets/{repo}/commit/{oid}"}

    def tag(self, body: bytes, repo: str, revision: str) -> Reply:
        found, name = self.hub.repo(repo), json.loads(body)["tag"]
        if name in found.tags:
            raise Refused(409, "")
        found.tags[name] = found.at(revision).oid
        return 200, {}


_RESOLVE = re.compile(r"/datasets/(?P<repo>[\w.-]+/[\w.-]+)/resolve/(?P<revision>[^/]+)/(?P<name>.+)")


class _Server(ThreadingHTTPServer):
    def __init__(self, hub: Hub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub, self.answers = hub, _Answers(hub)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def answer(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        body = self.body()
        self.server.hub.asked.append(f"{self.command} {path}")
        try:
            self.server.hub.before(self.command, path)
            if self.command in ("POST", "PUT") and "lfs/" not in path:
                self.check_token()
            if match := _RESOLVE.fullmatch(unquote(path)):
                self.resolve(**match.groupdict())
            else:
                self.route(path, body, {name: values[0] for name, values in query.items()})
        except Refused as refused:
            self.reply(refused.args[0], b'{"error": "refused"}', {"X-Error-Code": refused.args[1]})

    do_GET = do_POST = do_PUT = do_HEAD = answer

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def check_token(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "")

    def route(self, path: str, body: bytes, query: dict[str, str]) -> None:
        for method, pattern, answer in self.server.answers.routes:
            match = re.fullmatch(pattern, path)
            if match and method == self.command:
                given = {k: unquote(v) if v else v for k, v in match.groupdict().items()}
                extra = {"recursive": query["recursive"]} if "recursive" in query else {}
                status, data = answer(body, **given, **extra)
                self.reply(status, json.dumps(data).encode(), {"Content-Type": "application/json"})
                return
        raise Refused(404, "EntryNotFound")

    def resolve(self, repo: str, revision: str, name: str) -> None:
        commit = self.server.hub.repo(repo).at(revision)
        if name not in commit.files:
            raise Refused(404, "EntryNotFound")
        data, headers = commit.files[name], {"X-Repo-Commit": commit.oid, "ETag": f'"{_oid(commit.files[name])}"'}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted is None:
            self.reply(200, data, headers)
            return
        first, last = int(wanted[1]), min(int(wanted[2] or len(data)), len(data) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        self.reply(206, data[first : last + 1], headers)

    def reply(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving_hub() -> Iterator[Hub]:
    """The hub for as long as a test needs it."""
    hub = Hub()
    server = _Server(hub)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def reached(hub: Hub) -> Iterator[None]:
    """The environment of this process leads to the hub; files go by the protocol that this hub knows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", hub.url)
        patch.setenv("HF_TOKEN", TOKEN)
        patch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
        yield

"""A RayJob is created with the pod's own account, and Kubernetes' refusals are told."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from affectory.infra.start_rayjob import main

JOB = {"kind": "RayJob", "metadata": {"generateName": "hello-"}}


class Kubernetes(HTTPServer):
    """Takes jobs, or refuses them."""

    refuses = False
    seen: tuple[str, str, Any] | None = None


class _Handler(BaseHTTPRequestHandler):
    server: Kubernetes

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen = self.path, self.headers["Authorization"], body
        answer = {"message": "quota exceeded"} if self.server.refuses else {"metadata": {"name": "hello-x7k2p"}}
        self.send_response(403 if self.server.refuses else 201)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def kubernetes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kubernetes]:
    with Kubernetes(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
        monkeypatch.setenv("KUBERNETES_API", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def account(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("pod-token\n")
    (tmp_path / "namespace").write_text("datasets")
    (tmp_path / "rayjob.json").write_text(json.dumps(JOB))
    return tmp_path


def test_the_job_is_created_in_the_pods_namespace(
    kubernetes: Kubernetes, account: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(account / "rayjob.json")], account) == 0
    assert kubernetes.seen == ("/apis/ray.io/v1/namespaces/datasets/rayjobs", "Bearer pod-token", JOB)
    assert capsys.readouterr().out == "created RayJob hello-x7k2p\n"


def test_a_refusal_is_told_with_its_reason(
    kubernetes: Kubernetes, account: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kubernetes.refuses = True
    assert main([str(account / "rayjob.json")], account) == 1
    error = capsys.readouterr().err
    assert "403" in error and "quota exceeded" in error and "pod-token" not in error


def test_kubernetes_that_does_not_answer_is_tried_again_by_the_pod(
    account: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setenv("KUBERNETES_API", "http://127.0.0.1:9")
    assert main([str(account / "rayjob.json")], account) == 1
    assert "cannot be reached" in capsys.readouterr().err

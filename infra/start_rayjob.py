"""Creates a RayJob from inside the cluster, with nothing but the standard library: `python -m` in a CronJob's pod."""

import json
import os
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TIMEOUT_S = 30


def create(job: dict[str, Any], server: str, account: Path = ACCOUNT) -> str:
    """The name that the new RayJob was given."""
    namespace = (account / "namespace").read_text().strip()
    url = f"{server}/apis/ray.io/v1/namespaces/{namespace}/rayjobs"
    headers = {"Authorization": f"Bearer {(account / 'token').read_text().strip()}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(job).encode(), headers, method="POST")
    trusted = account / "ca.crt"
    context = ssl.create_default_context(cafile=str(trusted)) if url.startswith("https:") else None
    with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=context) as answer:
        return str(json.load(answer)["metadata"]["name"])


def main(words: list[str], account: Path = ACCOUNT) -> int:
    """Create the job in a file; 1 where that failed, so that Kubernetes starts the pod again."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    host = f"[{host}]" if ":" in host else host
    server = os.environ.get("KUBERNETES_API", f"https://{host}:{port}")
    try:
        print("created RayJob", create(json.loads(Path(words[0]).read_text(encoding="utf-8")), server, account))
    except urllib.error.HTTPError as error:
        print(f"Kubernetes refused the RayJob: {error.code} {error.read().decode(errors='replace')}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Kubernetes cannot be reached: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Keys of ssh for tests."""

import subprocess
from pathlib import Path


def new_key(path: Path) -> Path:
    """A key at `path`; the file beside it, in which ssh finds that it alone is taken."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    kind, public = path.with_suffix(".pub").read_text().split()[:2]
    named = path.with_name("signers")
    named.write_text(f"maker@example.org {kind} {public}\n")
    return named

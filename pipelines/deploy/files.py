"""Files written for operators: YAML that is the same each time, under a comment that says what to do with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

WIDTH = 120


@dataclass(frozen=True)
class Written:
    """A file to write: a comment, then documents or plain text."""

    name: str
    comment: str
    documents: tuple[Any, ...] = ()
    text: str = ""
    executable: bool = False

    def content(self) -> str:
        comment = "".join(f"# {line}".rstrip() + "\n" for line in self.comment.strip().splitlines())
        if not self.documents:
            first, newline, rest = self.text.partition("\n") if self.text.startswith("#!") else ("", "", self.text)
            return f"{first}{newline}{comment}{rest}"
        return comment + "---\n".join(_dumped(document) for document in self.documents)

    def write(self, folder: Path) -> Path:
        path = folder / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.content(), encoding="utf-8")
        path.chmod(0o755 if self.executable else 0o644)
        return path


def base(name: str) -> Any:
    """What stays the same of a file, from infra/."""
    return yaml.safe_load((files("affectory.infra") / name).read_text(encoding="utf-8"))


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings key by key, lists one behind the other, anything else replaced; neither is changed."""
    found = dict(below)
    for key, value in above.items():
        old = found.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            found[key] = merged(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            found[key] = [*old, *value]
        else:
            found[key] = value
    return found


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # PyYAML leaves 1e5 and 0o17 bare, which others read as numbers.
    style = "|" if "\n" in text else '"' if text[:1] in "+-.0123456789" and text[-1:].isalnum() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _dumped(document: Any) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True)

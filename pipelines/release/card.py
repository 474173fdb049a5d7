"""The dataset card: a README whose header tells `datasets` what was written, and whose text tells people."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from affectory.pipelines.release.agreed import Agreement
from affectory.pipelines.release.facts import Facts, ranked
from affectory.pipelines.release.statement import TITLES

if TYPE_CHECKING:
    import jinja2

_LICENCES = (
    "afl-3.0", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0",
    "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0",
    "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc0-1.0",
    "cdla-permissive-2.0", "cdla-sharing-1.0", "gfdl", "gpl-3.0", "lgpl-3.0", "mit", "odbl", "odc-by", "pddl",
    "unknown",
)  # fmt: skip
"""Names that the hub knows; any other licence is `other`, with its name beside it."""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_TAGS = ("emotion", "affective-computing")


@dataclass(frozen=True)
class WrittenSplit:
    """What was written of one split of one config."""

    rows: int
    bytes: int
    file_bytes: int


@dataclass(frozen=True)
class WrittenConfig:
    """What was written of one config: its features for the header, and its splits that have rows."""

    name: str
    features: Sequence[Mapping[str, Any]]
    splits: Mapping[str, WrittenSplit]


@dataclass(frozen=True)
class Beside:
    """What a card tells that is not counted from rows."""

    dataset: str
    gate: Mapping[str, Any] | None = None
    statement: Mapping[str, str] = field(default_factory=dict)
    licences: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of the records of each source."""
    models: Mapping[str, Any] = field(default_factory=dict)
    """As the recipe names them."""
    agreement: Agreement = field(default_factory=Agreement)

    def for_people(self, card: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
        """By the names that the template has for them."""
        gate = self.gate
        counted = (
            None
            if gate is None
            else {
                "audits": gate.get("audits") or [],
                "findings": [f for f in gate.get("findings") or () if not f["check"].startswith("audit.")],
                "allowed": gate.get("allowed") or [],
                "checks": len((gate.get("suite") or {}).get("checks", ())),
            }
        )
        return {
            "gate": counted,
            "statement": self.statement,
            "titles": TITLES,
            "licences": {source: sorted(self.licences.get(source, ())) for source in facts.sources},
            "models": {name: _Named(model) for name, model in self.models.items()},
            "agreement": self.agreement,
            "citation": cited(card, self.dataset),
        }


class _Named(dict[str, Any]):
    """A model of a recipe, of which a template may ask what was not said."""

    def __missing__(self, key: str) -> str:
        return ""


def readme(
    card: Mapping[str, Any], configs: Sequence[WrittenConfig], facts: Facts, beside: Beside, **names: Any
) -> str:
    """The whole README. It holds no time, version or place, so that it is the same where the data is the same."""
    told = beside.for_people(card, facts)
    body = _template().render(card=card, configs=configs, facts=facts, ranked=ranked, **told, **names)
    body = re.sub(r"\n{3,}", "\n\n", body)
    return f"---\n{_yaml(header(card, configs, facts))}---\n\n{body.lstrip()}"


@cache
def _template() -> "jinja2.Template":
    """Compiled once in a process."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"cell": _cell, "fence": _fence}
    return environment.get_template("README.md.jinja")


def _cell(value: Any) -> str:
    """Within a table, where neither lines, tags, links nor pictures of others may begin."""
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;").replace("](", "] (")


def _fence(text: str) -> str:
    """What a block of code stands between, longer than any such within it."""
    return "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))


def _yaml(value: Any) -> str:
    """In the order given: `datasets` tells a feature's type from its first key."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1 << 20)


def header(card: Mapping[str, Any], configs: Sequence[WrittenConfig], facts: Facts) -> dict[str, Any]:
    """The YAML that the hub and `datasets` read."""
    filled = [config for config in configs if config.splits]
    languages = list(card.get("languages") or [code for code, _ in ranked(facts.languages)])
    return {
        **_licence(card.get("licence")),
        **({"language": languages} if languages else {}),
        "pretty_name": card["title"],
        "tags": list(_TAGS),
        "size_categories": [next((name for most, name in _SIZES if facts.total < most), "n>1M")],
        "configs": [_data_files(config) for config in filled],
        "dataset_info": [_info(config) for config in filled],
    }


def _licence(given: str | None) -> dict[str, str]:
    if not given:
        return {"license": "unknown"}
    name = given.lower()
    return {"license": name} if name in _LICENCES else {"license": "other", "license_name": name.replace(" ", "-")}


def _data_files(config: WrittenConfig) -> dict[str, Any]:
    files = [{"split": split, "path": f"data/{config.name}/{split}-*.parquet"} for split in config.splits]
    first = {"default": True} if config.name == "default" else {}
    return {"config_name": config.name, **first, "data_files": files}


def _info(config: WrittenConfig) -> dict[str, Any]:
    return {
        "config_name": config.name,
        "features": list(config.features),
        "splits": [
            {"name": name, "num_bytes": split.bytes, "num_examples": split.rows}
            for name, split in config.splits.items()
        ],
        "download_size": sum(split.file_bytes for split in config.splits.values()),
        "dataset_size": sum(split.bytes for split in config.splits.values()),
    }


def cited(card: Mapping[str, Any], dataset: str) -> str:
    """The citation that the makers ask for, or one of what they say about themselves."""
    if card.get("citation"):
        return str(card["citation"]).strip()
    plain = str.maketrans("", "", "{}\\")
    facts = {"title": card.get("title") or dataset, "author": " and ".join(card.get("authors") or ())}
    facts["url"] = card.get("homepage") or ""
    lines = [f"  {name} = {{{str(value).translate(plain)}}}" for name, value in facts.items() if value]
    return "@misc{" + ",\n".join([re.sub(r"\W", "_", dataset), *lines]) + "\n}"

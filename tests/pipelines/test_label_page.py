"""docs/label.md and docs/agreement.md: every rule is told with its parameters, recipes bind, examples run."""

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from pydantic import TypeAdapter
from support.project import TEXTS, texts

from affectory.pipelines import discovery
from affectory.pipelines.bind import read_and_bind
from affectory.quality.labelling import label, opinions_of

DOCS = Path(__file__).parents[2] / "docs"
PAGE = "".join((DOCS / f"{page}.md").read_text() for page in ("label", "agreement"))
RULES = discovery.modules("views")
RECIPES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)
EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.M | re.S)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_is_told_with_all_its_parameters(rule: str) -> None:
    parameters = set(TypeAdapter(discovery.public_class(RULES[rule])).json_schema().get("properties", {}))
    told = set(re.findall(r"`(\w+)[`:]", PAGE)) | set(re.findall(r"(\w+):", " ".join(re.findall(r"`[^`]*`", PAGE))))
    written = set(re.findall(r"(\w+):", " ".join(RECIPES)))
    assert {rule, *parameters} - told - written == set()


@pytest.mark.parametrize("written", RECIPES, ids=range(len(RECIPES)))
def test_a_recipe_is_read_as_it_stands(written: str, tmp_path: Path) -> None:
    made = texts(tmp_path, 2)
    made.recipe.write_text(yaml.safe_dump({**TEXTS, **yaml.safe_load(written)}, sort_keys=False))
    assert read_and_bind(made.recipe).views


@pytest.mark.parametrize("page", ["label", "agreement"])
def test_the_examples_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"clip": n, "who": f"p_{r}", "said": ("joy", "anger")[(n + r) % 2]} for n in range(6) for r in range(3)]
    opinions = opinions_of(rows, "ekman-7", item="clip", rater="who", value="said", modalities=["text"])
    clusters = pa.table({"sample_id": [str(n) for n in range(6)], "cluster": ["a", "b"] * 3})
    names: dict[str, Any] = {"opinions": opinions, "labels": label(opinions, "ekman-7"), "clusters": clusters}
    for example in EXAMPLE.findall((DOCS / f"{page}.md").read_text()):
        exec(compile(example, f"{page}.md", "exec"), names)

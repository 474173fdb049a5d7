"""GoEmotions as an audit looks at it: texts, and the labels on which raters agreed."""

from collections.abc import Callable
from pathlib import Path

from support.audited import data, label, sample

from affectory.quality.audits._data import AuditData
from affectory.schemas.taxonomy import load_taxonomy


def goemotions(shared: Callable[[str], Path]) -> AuditData:
    """Its development set."""
    folder, taxonomy = shared("goemotions"), load_taxonomy("goemotions-28")
    names = (folder / "labels.txt").read_text().split()
    samples, labels = [], []
    for line in (folder / "dev.tsv").read_text(encoding="utf-8").splitlines():
        text, numbers, name = line.split("\t")
        own = [names[int(number)] for number in numbers.split(",")]
        samples.append(sample(name, text=text, language="en"))
        labels.append(label(name, [(n in own) / len(own) for n in taxonomy.labels], taxonomy))
    return data({"samples": samples, "labels": labels}, taxonomy=taxonomy)

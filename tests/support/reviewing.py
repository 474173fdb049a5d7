"""A review in the making: what was asked, what came back, and what it became, as rows of the ledgers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from affectory.annotation.status.figures import Status, status
from affectory.annotation.status.inputs import StatusInputs
from affectory.schemas.ledgers import ASKS, JUDGEMENTS, RETURNS
from affectory.schemas.taxonomy import Taxonomy, parse_taxonomy

MOODS = parse_taxonomy({"name": "moods", "entries": ["joy", "anger", "fear"]})
BEGIN = datetime(2026, 11, 2, 9, tzinfo=UTC)
Row = dict[str, Any]


@dataclass
class Review:
    """Asks and answers, one after the other; each answer comes a minute after the one before."""

    taxonomy: Taxonomy = MOODS
    asks: list[Row] = field(default_factory=list)
    returns: list[Row] = field(default_factory=list)
    judgements: list[Row] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)

    def ask(self, sample: str, rater: str | None = None, **given: Any) -> Row:
        """One more judgement that is asked for."""
        self.kinds.setdefault(sample, given.pop("kind", "text"))
        row = {
            "ask_id": f"q_{len(self.asks):06}",
            "revision": 0,
            "question": "main",
            "form": "f",
            "sample_id": sample,
            "anchor": {"record": f"r_{sample}"},
            "occasion": "",
            "rater": rater,
            "purpose": "routed",
            "position": len(self.asks),
            "round": 1,
            "content": "c",
            **given,
        }
        row.setdefault("task", f"t_{row['question']}_{sample}_{row['occasion']}")
        self.asks.append(row)
        return row

    def again(self, ask: Row, closed: str | None) -> None:
        """A later revision: it is closed, or opened again."""
        revision = 1 + max(row["revision"] for row in self.asks if row["ask_id"] == ask["ask_id"])
        self.asks.append({**ask, "revision": revision, "closed": closed})

    def back(self, ask: Row, rater: str | None = None, verdict: str = "taken", **given: Any) -> Row:
        """An annotation of what was asked."""
        row = {
            "return_id": f"b_{len(self.returns):06}",
            "server": "s",
            "annotation": len(self.returns) + 1,
            "number": 100 + len(self.returns),
            "task": ask["task"],
            "question": ask["question"],
            "rater": rater or ask["rater"],
            "state": "deleted" if verdict == "retracted" else "stored",
            "updated": self.moment(len(self.returns)),
            "spent_s": 8.0,
            "verdict": verdict,
            "judgements": [],
            **given,
        }
        self.returns.append(row)
        return row

    @staticmethod
    def moment(minutes: int) -> str:
        return (BEGIN + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")

    def says(self, ask: Row, *labels: str, rater: str | None = None, spent_s: float = 8.0, **given: Any) -> Row:
        """An answer that was taken."""
        weights = [float(label in labels) / max(1, len(labels)) for label in self.taxonomy.labels]
        answer = given.pop("answer", {"weights": weights})
        back = self.back(ask, rater, spent_s=spent_s, **{k: given.pop(k) for k in ("updated",) if k in given})
        said = self.judge(ask, back["rater"], answer, spent_s=spent_s, **given)
        back["judgements"] = [said["judgement_id"]]
        return back

    def judge(self, ask: Row, rater: str, answer: Row, question: str = "emotion", **given: Any) -> Row:
        """One judgement."""
        asked = {"question": question, "response": "simplex", "labels": list(self.taxonomy.labels)}
        known = {"taxonomy": self.taxonomy.name, "taxonomy_hash": self.taxonomy.hash}
        row = {
            "judgement_id": f"j_{len(self.judgements):06}",
            "act": f"j_{len(self.judgements):06}",
            "anchor": ask["anchor"],
            "occasion": ask["occasion"],
            "revision": 0,
            "retracted": False,
            "rater": rater,
            "rater_kind": "human",
            "perspective": "perceived",
            "modalities": ["text"],
            "asked": {**asked, **known},
            "shown": {"position": ask["position"], "probability": ask.get("probability")},
            "answer": answer,
            **given,
        }
        self.judgements.append(row)
        return row

    def inputs(self, **given: Any) -> StatusInputs:
        tables = {
            "asks": ASKS.from_rows(self.asks),
            "returns": RETURNS.from_rows(self.returns),
            "judgements": JUDGEMENTS.from_rows(self.judgements),
        }
        samples = pa.table({"sample_id": [*self.kinds], "kind": [*self.kinds.values()]})
        return StatusInputs(**{**tables, "samples": samples, "taxonomy": self.taxonomy, "draws": 0, **given})

    def status(self, **given: Any) -> Status:
        return status(self.inputs(**given))

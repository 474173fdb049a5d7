"""How a review goes, told from its ledgers."""

import json

import pyarrow as pa

from affectory.annotation.status.figures import Status, status
from affectory.annotation.status.inputs import StatusInputs
from affectory.pipelines.review.desk import Desk


def review_status(desk: Desk) -> Status:
    """Progress, agreement, raters and what was put aside; asks nothing of Label Studio."""
    asks = desk.asks()
    gold = {sample: labels for question in desk.review.questions for sample, labels in desk.gold(question).items()}
    return status(
        StatusInputs(
            asks=asks,
            returns=desk.returns(),
            judgements=desk.judgements(),
            samples=_kinds(asks),
            taxonomy=desk.bound.taxonomy,
            people=desk.workspace.ledger("people").read(),
            gold=gold,
            projects=desk.addresses(),
            today=desk.today,
            title=desk.dataset,
        )
    )


def _kinds(asks: pa.Table) -> pa.Table:
    """Samples with their kind, as interfaces are made for it."""
    pairs = zip(asks.column("sample_id").to_pylist(), asks.column("shown").to_pylist(), strict=True)
    kinds = {sample: str(json.loads(shown)["kind"]) for sample, shown in pairs if shown}
    return pa.table({"sample_id": pa.array(kinds, pa.string()), "kind": pa.array(kinds.values(), pa.string())})

"""How a review goes, told from its ledgers."""

from affectory.annotation.status.figures import Status, status
from affectory.annotation.status.inputs import StatusInputs
from affectory.pipelines.review.desk import Desk


def review_status(desk: Desk) -> Status:
    """Progress, agreement, raters and what was put aside; asks nothing of Label Studio."""
    gold = {sample: labels for question in desk.review.questions for sample, labels in desk.gold(question).items()}
    return status(
        StatusInputs(
            asks=desk.asks(),
            returns=desk.returns(),
            judgements=desk.judgements(),
            samples=desk.material.kinds(),
            taxonomy=desk.bound.taxonomy,
            people=desk.workspace.ledger("people").read(),
            gold=gold,
            projects=desk.addresses(),
            today=desk.today,
            title=desk.dataset,
        )
    )

"""What a removal that is under way is about: noted before anything goes, and gone once all of it is."""

from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError

FOLDER, INTENT = "forgetting", "intent.json"


def refuse_half_forgotten(workspace: Workspace) -> None:
    """Raise where a removal was cut short, for those who do not hold the lease of builds."""
    if workspace.files(FOLDER).exists(INTENT):
        raise UserError("the removal of a person was cut short here", "finish it: affectory forget ..., or a build")

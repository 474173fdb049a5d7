"""Taking out whom a removal is about, from the start or from where it was cut short."""

from affectory.pipelines.forget import derived, elsewhere, ledgers
from affectory.pipelines.forget.requested import FOLDER, INTENT
from affectory.pipelines.forget.traces import Tell, Traces
from affectory.pipelines.store import forgotten
from affectory.pipelines.store.files import is_remote
from affectory.pipelines.store.workspace import Workspace


def finish_forgetting(workspace: Workspace, tell: Tell = lambda _: None) -> bool:
    """Finish what is noted, if there is any; whether there was. Called by who holds the lease.

    They are kept from coming back before anything goes, so that no kill leaves a way back.
    """
    files = workspace.files(FOLDER)
    if not files.exists(INTENT):
        return False
    traces, kept = Traces.from_json(files.read(INTENT)), workspace.files("ledgers")
    forgotten.remember(kept, traces.marks)
    if not forgotten.has_request(kept, traces.request):
        forgotten.note_request(kept, traces.reason, traces.request)
    tell("taking out of ledgers")
    ledgers.take_out(workspace, traces)
    tell("taking out of what is derived")
    derived.take_out(workspace, traces)
    tell("taking out of caches")
    elsewhere.take_out(workspace, traces)
    files.discard([INTENT])
    if is_remote(workspace.root):
        elsewhere.purge(str(workspace.root))
    return True

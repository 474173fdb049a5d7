"""Where and when a dataset is built on a cluster. Nothing here may change a release."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from affectory.schemas.recipe.moments import checked_schedule, checked_zone
from affectory.schemas.recipe.part import Part

_NAME = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SAFE = r"[A-Za-z0-9._%+=:~@-]+"
_SECRET_WORDS = ("KEY", "SECRET", "TOKEN", "PASSWORD", "PASSWD", "CREDENTIAL")

KubeName = Annotated[str, StringConstraints(pattern=rf"^{_NAME}$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
LabelName = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")
]
LabelValue = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$")]
Labels = dict[LabelName, LabelValue]
Folder = Annotated[str, StringConstraints(pattern=rf"^(/{_SAFE})+/?$")]
Location = Annotated[str, StringConstraints(pattern=rf"^([a-z0-9]+:/)?(/{_SAFE})+/?$")]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$")]
Size = Annotated[int, Field(ge=1)]
_IMAGE = r"^[a-z0-9][A-Za-z0-9._/:-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})$"


def _pinned(image: str) -> str:
    if image.endswith(":latest"):
        facts = {"allowed": "a tag that stays, or a digest", "hint": "two nights must not build with different code"}
        raise PydanticCustomError("image", "the image is not pinned", facts)
    return image


Image = Annotated[str, StringConstraints(pattern=_IMAGE), AfterValidator(_pinned)]


class Toleration(Part):
    """A taint of nodes that pods may be placed on all the same."""

    key: LabelName
    """The taint's key."""
    value: LabelValue | None = None
    """The taint's value; without one any."""


class Head(Part):
    """The node that plans, keeps count and publishes; no stage runs on it."""

    cpus: Size = 2
    """Cores."""
    memory_gb: Size = 8
    """Memory. Planning and publishing happen here."""
    node_selector: Labels = Field(default_factory=dict)
    """Labels of the nodes to place it on."""
    tolerations: Annotated[tuple[Toleration, ...], Field(strict=False)] = ()
    """Taints that do not keep it away."""


class Workers(Part):
    """Nodes that run stages; as many as there is work for, within limits."""

    min: Annotated[int, Field(ge=0)] = 0
    """Fewest of them."""
    max: Annotated[int, Field(ge=0)] = 4
    """Most of them."""
    cpus: Size = 4
    """Cores of each."""
    memory_gb: Size = 16
    """Memory of each."""
    node_selector: Labels = Field(default_factory=dict)
    """Labels of the nodes to place them on."""
    tolerations: Annotated[tuple[Toleration, ...], Field(strict=False)] = ()
    """Taints that do not keep them away."""

    @model_validator(mode="after")
    def _grow(self) -> "Workers":
        if self.min > self.max:
            facts = {"given": f"min {self.min}, max {self.max}", "allowed": "a min that is not above max"}
            raise PydanticCustomError("workers", "fewest above most", facts)
        return self


class GpuWorkers(Workers):
    """Nodes with GPUs, for stages that ask for one; none unless `max` is given."""

    max: Annotated[int, Field(ge=0)] = 0
    """Most of them."""
    gpus: Size = 1
    """GPUs of each."""
    image: Image = "affectory-gpu:0.1.0"
    """Image with vLLM, built by infra/images/Dockerfile.gpu."""
    tolerations: Annotated[tuple[Toleration, ...], Field(strict=False)] = (Toleration(key="nvidia.com/gpu"),)
    """Taints that do not keep them away; GPU nodes usually have this one."""


class Storage(Part):
    """Where all nodes find sources, workspace and releases: a volume that they share, or object storage."""

    claim: KubeName | None = None
    """Name of a PersistentVolumeClaim that many nodes may write at once (ReadWriteMany)."""
    path: Folder = "/data"
    """Folder at which the claim is mounted."""
    size_gb: Size | None = None
    """Size of the claim, to have it written too; without one it exists already."""
    storage_class: KubeName | None = None
    """Storage class of a claim that is written."""
    workspace: Location | None = None
    """Folder or URL (s3://bucket/prefix) of the workspace. Default: below `path`."""
    releases: Location | None = None
    """Folder or URL of the releases. Default: below `path`."""
    recipe: Folder | None = None
    """The recipe's own place on the claim, where its relative paths lead to its data. Default: the recipe travels
    alone, and everything that it names is an absolute path or a URL."""


class Machines(Part):
    """Machines of your own, reached by SSH, for `ray up`."""

    head: Host
    """The machine that others connect to."""
    workers: Annotated[tuple[Host, ...], Field(strict=False)] = ()
    """The other machines."""
    user: Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")] = "affectory"
    """Who logs in."""
    key: Annotated[str, StringConstraints(pattern=rf"^(~|(/{_SAFE}))(/{_SAFE})*$")] = "~/.ssh/id_ed25519"
    """File with the private key, on the machine that runs `ray up`."""
    environment: Folder = "/opt/affectory"
    """Virtual environment with affectory on every machine."""


class Deploy(Part):
    """Where and when the dataset is built on a cluster: `affectory schedule` and `affectory submit` read it."""

    image: Image = "affectory-cpu:0.1.0"
    """Image of head and workers, built by infra/images/Dockerfile.cpu."""
    schedule: Annotated[str, AfterValidator(checked_schedule)] = "0 2 * * *"
    """When to build, as in cron."""
    time_zone: Annotated[str, AfterValidator(checked_zone)] = "Etc/UTC"
    """Time zone of the schedule."""
    namespace: KubeName = "affectory"
    """Kubernetes namespace."""
    address: (
        Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9._:\[\]-]+(/[A-Za-z0-9._/-]*)?$")] | None
    ) = None
    """Dashboard of a cluster that is already there, such as http://head:8265, for `affectory schedule --kind cron`."""
    head: Head = Field(default_factory=Head)
    workers: Workers = Field(default_factory=Workers)
    gpu_workers: GpuWorkers = Field(default_factory=GpuWorkers)
    secrets: Annotated[tuple[Variable, ...], Field(strict=False)] = ()
    """Names of environment variables that hold secrets; their values are put into the cluster by hand."""
    env: dict[Variable, str] = Field(default_factory=dict)
    """Environment variables that are no secrets, such as AWS_ENDPOINT_URL."""
    storage: Storage = Field(default_factory=Storage)
    service_account: KubeName | None = None
    """Service account of head and workers, where storage is reached by the identity of pods."""
    deadline_hours: Size = 12
    """After so long a build is ended; the next one goes on where it stopped."""
    keep_hours: Annotated[int, Field(ge=0)] = 24
    """How long a finished job can be looked at before it is deleted."""
    retries: Annotated[int, Field(ge=0, le=10)] = 1
    """How often a build that ended badly is started again, on a new cluster."""
    machines: Machines | None = None

    @model_validator(mode="after")
    def _no_secrets_in_the_open(self) -> "Deploy":
        for name in self.env:
            if any(word in name.upper() for word in _SECRET_WORDS):
                facts = {"below": "env", "given": name, "allowed": "names of variables that hold no secrets"}
                facts["hint"] = f"list it under deploy.secrets: [{name}], and leave its value out of the recipe"
                raise PydanticCustomError("open_secret", "looks like a secret", facts)
        return self

"""Reading what an older version wrote: each migration takes one table one version further."""

from collections.abc import Callable

import pyarrow as pa

from affectory.schemas.errors import UserError
from affectory.schemas.tables import NAME_KEY, VERSION_KEY, TableSpec

Migration = Callable[[pa.Table], pa.Table]
MIGRATIONS: dict[tuple[str, int], Migration] = {}
"""By table name and the version that the migration starts from."""


def migration(table: str, start: int) -> Callable[[Migration], Migration]:
    """Register a step from version `start` of `table` to the next."""

    def register(step: Migration) -> Migration:
        MIGRATIONS[table, start] = step
        return step

    return register


def upgrade(table: pa.Table, spec: TableSpec) -> pa.Table:
    """The table in the newest schema of `spec`, through every migration between."""
    version = written_version(table, spec)
    if version > spec.version:
        hint = "install the affectory that wrote it, or a newer one"
        raise UserError(
            f"{spec.name} was written as version {version}; this affectory knows up to {spec.version}", hint
        )
    for start in range(version, spec.version):
        if (spec.name, start) not in MIGRATIONS:
            raise UserError(
                f"no migration of {spec.name} from version {start}", "this is a fault of affectory: report it"
            )
        table = MIGRATIONS[spec.name, start](table)
    return spec.cast(table)


def written_version(table: pa.Table, spec: TableSpec) -> int:
    """Which version of `spec` the table says it was written as."""
    metadata = table.schema.metadata or {}
    name = metadata.get(NAME_KEY, b"").decode()
    if name != spec.name:
        raise UserError(f"expected the table {spec.name}, found {name or 'a file that affectory did not write'}")
    return int(metadata[VERSION_KEY])

"""Writes as many rows of a megabyte each as the second argument says, and prints the peak of memory. Run by a test."""

import hashlib
import random
import resource
import runpy
import sys
from pathlib import Path
from typing import Any

from affectory.pipelines.release.write import write_content


def data_of(number: int) -> bytes:
    return random.Random(number).randbytes(1_000_000)


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    world: Any = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["World"]()
    numbers = {hashlib.sha256(data_of(n)).hexdigest(): n for n in range(count)}
    for asset, number in numbers.items():
        world.add(number, kind="image", image={"asset": asset, "format": "raw"})
    world.options = {"media": ("image",), "shard_bytes": 20_000_000, "row_group_bytes": 5_000_000}
    inputs = world.inputs(folder / "in")
    object.__setattr__(inputs, "open_asset", lambda asset, extension: data_of(numbers[asset]))
    write_content(inputs, folder / "out", folder / "gathered")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main()

"""Publishes one of two worlds when told to, and prints which version it became or why it did not. Run by
`test_publication`.

Usage: race_driver.py FOLDER PLACE NUMBER. It says when it is ready, and begins at the first line that it reads.
"""

import runpy
import sys
from pathlib import Path

from affectory.pipelines.release import write, write_release
from affectory.schemas.errors import AffectoryError


def main() -> None:
    folder, place, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    write.run_load_test = lambda *_: None  # type: ignore[assignment]
    world = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["small_world"]()
    world.add(number)
    inputs = world.inputs(folder / str(number))
    __import__("datasets")
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        print(write_release(inputs, place).version)
    except AffectoryError as error:
        print(str(error).splitlines()[0])


if __name__ == "__main__":
    main()

"""Publishes two worlds at once, in a process each, and prints for each which version it became or why it did not.
Run by `test_publication`.

Usage: race_driver.py FOLDER PLACE. The parent never speaks to the place, so that it may fork.
"""

import os
import runpy
import sys
from pathlib import Path
from typing import Any

from affectory.pipelines.release import write, write_release
from affectory.schemas.errors import AffectoryError


def publish(inputs: Any, place: str, begin: int) -> None:
    """Wait for the other, then publish."""
    os.read(begin, 1)
    try:
        told = write_release(inputs, place).version
    except AffectoryError as error:
        told = str(error).splitlines()[0]
    os.write(1, f"{told}\n".encode())
    os._exit(0)


def main() -> None:
    folder, place = Path(sys.argv[1]), sys.argv[2]
    write.run_load_test = lambda *_: None  # type: ignore[assignment]
    worlds = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
    given = []
    for number in (77, 78):
        world = worlds["small_world"]()
        world.add(number)
        given.append(world.inputs(folder / str(number)))
    __import__("datasets")
    begin, go = os.pipe()
    children = []
    for inputs in given:
        child = os.fork()
        if child == 0:
            publish(inputs, place, begin)
        children.append(child)
    os.write(go, b"go")
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()

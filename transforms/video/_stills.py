"""The pictures on display at given times, decoding no more than it takes."""

from collections.abc import Iterator
from typing import Literal

from av.container import InputContainer
from PIL import Image

from affectory.transforms.media._decode import Picture, end_of, moving_pictures, opened, pictures
from affectory.transforms.rows import Reject
from affectory.transforms.video._upright import Upright

_NEAR_US, _WORTH_A_SEEK_US = 1_000_000, 10_000_000


def stills(path: str, start_us: int, end_us: int | None, count: int) -> Iterator[tuple[int, Image.Image]]:
    """Of each of `count` equal parts of a stretch the picture shown in its middle, upright, with its time."""
    if end_us is None:
        with opened(path) as container:
            end_us = end_of(container, moving_pictures(container))
    wanted = [start_us + (end_us - start_us) * (2 * k + 1) // (2 * count) for k in range(count)]
    with opened(path) as container:
        upright = Upright(moving_pictures(container), "max(1,round(iw*sar))", "ih", "rgb24")
        for picture in shown_at(container, wanted):
            yield picture.at_us, Image.fromarray(next(upright(picture.frame)).to_ndarray())


def _skipped(here: Picture, at_us: int) -> Literal["NONREF", "DEFAULT"]:
    """Far from the wanted picture, those that no other one is built on need no decoding."""
    return "NONREF" if at_us - here.at_us > max(_NEAR_US, 20 * here.lasts_us) else "DEFAULT"


def shown_at(container: InputContainer, wanted: list[int]) -> Iterator[Picture]:
    """The pictures on display at increasing times, each once."""
    stream = moving_pictures(container)
    found = pictures(container, stream, wanted[0])
    here, following = next(found, None), next(found, None)
    if here is None:
        raise Reject("empty", "no picture can be decoded")
    given = None
    for at_us in wanted:
        if at_us - here.at_us > _WORTH_A_SEEK_US:
            found = pictures(container, stream, at_us)
            here, following = next(found, None) or here, next(found, None)
        while following is not None and following.at_us <= at_us:
            stream.codec_context.skip_frame = _skipped(here, at_us)
            here, following = following, next(found, None)
        if given is None or here.at_us > given:
            given = here.at_us
            yield here

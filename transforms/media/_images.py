"""Reading and writing pictures: refused by size before they are decoded, upright, and free of metadata."""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from affectory.transforms.media._colours import srgb
from affectory.transforms.media._limits import MAX_PIXELS
from affectory.transforms.rows import Reject

QUALITY = 95

# Others either run programs (EPS) or are no pictures that people send.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")
_ORIENTATION, _SIDEWAYS = 0x0112, (5, 6, 7, 8)


@contextmanager
def opened_image(path: str, max_pixels: int) -> Iterator[Image.Image]:
    """A picture of a local file, not yet decoded; whatever is wrong with it is a rejection."""
    if not Path(path).stat().st_size:
        raise Reject("empty", "the file holds no bytes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # large, or metadata that cannot be read: neither is ours to print
        with _unreadable(), Image.open(path, formats=_FORMATS) as image:
            if image.width * image.height > max_pixels:
                raise Reject("too_large", f"{image.width} x {image.height} pixels, at most {max_pixels} are read")
            yield image


@contextmanager
def _unreadable() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except Image.DecompressionBombError as error:
        raise Reject("too_large", str(error)) from error
    except UnidentifiedImageError as error:
        raise Reject("unreadable", "not a picture in a format that is read") from error
    except (OSError, SyntaxError, ValueError, EOFError, RuntimeError, struct.error) as error:
        raise Reject("unreadable", f"{type(error).__name__}: {error}") from error


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height as the picture is to be shown."""
    width, height = image.size
    return (height, width) if _orientation(image) in _SIDEWAYS else (width, height)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken metadata of a sound picture
        return 1


def decoded(image: Image.Image, max_side: int) -> Image.Image:
    """The first frame, upright, in sRGB, on white where it is transparent, no side longer than `max_side`."""
    image.draft("RGB", (max_side, max_side))
    turned = ImageOps.exif_transpose(image) if _orientation(image) != 1 else image
    return shrunk(srgb(turned), max_side)


def pixels_of(path: str, max_side: int) -> NDArray[np.uint8]:
    """The picture of a local file as rows of red, green and blue, no side longer than `max_side`."""
    with opened_image(path, MAX_PIXELS) as image:
        return np.asarray(decoded(image, max_side), dtype=np.uint8)


def shrunk(image: Image.Image, max_side: int) -> Image.Image:
    share = max_side / max(image.size)
    if share >= 1:
        return image
    width, height = (max(1, round(side * share)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def encoded(image: Image.Image, form: str = "jpeg", quality: int = QUALITY) -> bytes:
    """The picture alone: no place, camera, comment or colour profile."""
    image.info.clear()
    file = BytesIO()
    if form == "png":
        image.save(file, "PNG", compress_level=6)
    else:
        image.save(file, "JPEG", quality=quality, subsampling="4:2:0", optimize=False, progressive=False)
    return file.getvalue()

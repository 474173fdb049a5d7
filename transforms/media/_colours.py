"""From whatever colours a picture is stored in to sRGB, on white where it is transparent."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from affectory.transforms.rows import Reject

_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab "}
"""What a profile calls the colour space of a mode."""
_GREY = ("1", "L", "LA", "La")
_LARGEST_PROFILE = 4 << 20


def srgb(image: Image.Image) -> Image.Image:
    """The picture in RGB as a browser shows it: by its embedded profile, if that is one and fits."""
    profile = _profile(image)
    if image.mode == "F":
        raise Reject(
            "unsupported", "its pixels are fractions, and no range is agreed for these; save it in 8 or 16 bit"
        )
    if image.mode.startswith("I"):
        image = _eight_bits(image)
    if image.has_transparency_data:
        alpha = image.convert("RGBA").getchannel("A")
        return _on_white(_opaque(image.convert("L" if image.mode in _GREY else "RGB"), profile), alpha)
    return _opaque(image, profile)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Of 16 bits of grey, the upper ones."""
    return Image.fromarray(np.clip(np.asarray(image) // 257, 0, 255).astype(np.uint8))


def _on_white(image: Image.Image, alpha: Image.Image) -> Image.Image:
    image.putalpha(alpha)
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _opaque(image: Image.Image, profile: ImageCms.ImageCmsProfile | None) -> Image.Image:
    if image.mode == "LAB":
        profile = profile or ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    elif image.mode not in _SPACES:
        image = image.convert("L" if image.mode in _GREY else "RGB")
    if profile is None or profile.profile.xcolor_space != _SPACES[image.mode]:
        return image.convert("RGB")
    return _by_profile(image, profile)


def _by_profile(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    wanted = ImageCms.createProfile("sRGB")
    try:
        made = ImageCms.profileToProfile(image, profile, wanted, intent, outputMode="RGB", flags=flags)
    except (ImageCms.PyCMSError, ValueError):
        return image.convert("RGB")
    assert made is not None, "only with inPlace"
    return made


def _profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """The embedded profile, unless it is broken or says what is so anyway."""
    data = image.info.get("icc_profile")
    if not data or len(data) > _LARGEST_PROFILE:
        return None
    try:
        profile = ImageCms.getOpenProfile(BytesIO(data))
        return None if "sRGB" in ImageCms.getProfileDescription(profile) else profile
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None

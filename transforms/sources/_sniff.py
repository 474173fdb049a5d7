"""What a media file is: by its first bytes, and only where they say nothing by the ending of its name.

Ogg, MP4 and Matroska hold sound or pictures; there the ending decides, and the probe finds the truth.
"""

import re
from typing import NamedTuple

HEAD_BYTES = 512
"""How much of a file `sniff` wants to see."""


class Format(NamedTuple):
    """Kind of record and format of its file."""

    kind: str
    format: str


_JPEG, _PNG, _WEBP = Format("image", "jpeg"), Format("image", "png"), Format("image", "webp")
_GIF, _BMP, _TIFF = Format("image", "gif"), Format("image", "bmp"), Format("image", "tiff")
_MP4, _M4A, _MOV = Format("video", "mp4"), Format("audio", "m4a"), Format("video", "mov")
_OGG, _OGV, _OPUS = Format("audio", "ogg"), Format("video", "ogv"), Format("audio", "opus")
_AVI, _MKV, _MKA = Format("video", "avi"), Format("video", "mkv"), Format("audio", "mka")
_WEBM, _WEBA = Format("video", "webm"), Format("audio", "weba")
_MP3, _WAV, _FLAC = Format("audio", "mp3"), Format("audio", "wav"), Format("audio", "flac")

TEXT = Format("text", "")

_ENDINGS = (
    (_JPEG, "jpg jpeg jpe jfif"),
    (_PNG, "png"),
    (_WEBP, "webp"),
    (_GIF, "gif"),
    (_BMP, "bmp"),
    (_TIFF, "tif tiff"),
    (_MP4, "mp4 m4v"),
    (_M4A, "m4a m4b"),
    (_MOV, "mov qt"),
    (_AVI, "avi"),
    (_MKV, "mkv"),
    (_MKA, "mka"),
    (_WEBM, "webm"),
    (_WEBA, "weba"),
    (_WAV, "wav wave"),
    (_MP3, "mp3"),
    (_FLAC, "flac"),
    (_OGG, "ogg oga"),
    (_OGV, "ogv"),
    (_OPUS, "opus"),
    (TEXT, "txt"),
)
_BY_ENDING = {ending: found for found, endings in _ENDINGS for ending in endings.split()}

_BY_HEAD = (
    (rb"\xff\xd8\xff", _JPEG),
    (rb"\x89PNG\r\n\x1a\n", _PNG),
    (rb"RIFF....WEBP", _WEBP),
    (rb"GIF8[79]a", _GIF),
    (rb"BM.{4}\0{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}", _BMP),
    (rb"II\*\0|MM\0\*", _TIFF),
    (rb"R(?:IFF|F64)....WAVE", _WAV),
    (rb"RIFF....AVI ", _AVI),
    (rb"fLaC[\0\x80]", _FLAC),
    (rb"ID3[\x02-\x04][^\xff]", _MP3),
    (rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][^\xf0-\xff]", _MP3),
    (rb"OggS\0.{23}OpusHead", _OPUS),
    (rb"OggS\0.{22}.\x80theora", _OGV),
    (rb"OggS\0", _OGG),
    (rb"\x1aE\xdf\xa3.*?\x42\x82.webm", _WEBM),
    (rb"\x1aE\xdf\xa3.*?\x42\x82.matroska", _MKV),
    (rb"\0...ftypqt  ", _MOV),
    (rb"\0...ftypM4[AB] ", _M4A),
    (rb"\0...ftyp(?:avif|avis|mif1|msf1|hei[cxms]|hev[cx]|crx )", None),
    (rb"\0...ftyp", _MP4),
    (rb"\0...(?:moov|mdat|wide|free|skip|pnot)", _MOV),
)
_HEADS = tuple((re.compile(pattern, re.DOTALL), found) for pattern, found in _BY_HEAD)

_EITHER = (
    frozenset({_OGG, _OPUS, _OGV}),
    frozenset({_MP4, _M4A}),
    frozenset({_MKV, _MKA}),
    frozenset({_WEBM, _WEBA}),
)
"""Formats that look alike from outside."""


def sniff(head: bytes, ending: str) -> Format | None:
    """The format of a file with these first bytes and this ending; None where it is not one we read."""
    by_ending = _BY_ENDING.get(ending.lower().removeprefix("."))
    for pattern, found in _HEADS:
        if pattern.match(head):
            alike = any(found in group and by_ending in group for group in _EITHER)
            return by_ending if alike else found
    return by_ending

"""Small colour profiles made for tests: three primaries and a gamma, a gamma of grey, four inks by their corners."""

import struct
from collections.abc import Mapping, Sequence

_D50 = (0.9642, 1.0, 0.8249)
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
"""Red, green and blue as XYZ, adapted to D50, as in the profiles of that name."""


def rgb_profile(primaries: Sequence[tuple[float, float, float]], gamma: float) -> bytes:
    places = dict(zip(("rXYZ", "gXYZ", "bXYZ"), map(_xyz, primaries), strict=True))
    return _profile(b"mntr", b"RGB ", b"XYZ ", {**places, **dict.fromkeys(("rTRC", "gTRC", "bTRC"), _curve(gamma))})


def grey_profile(gamma: float) -> bytes:
    return _profile(b"mntr", b"GRAY", b"XYZ ", {"kTRC": _curve(gamma)})


def ink_profile(corners: Sequence[tuple[float, float, float]]) -> bytes:
    """`corners` are Lab colours of the sixteen mixtures of none or all of C, M, Y, K, the last changing fastest."""
    ramp = bytes(range(256))
    clut = b"".join(bytes([round(x * 255 / 100), round(a + 128), round(b + 128)]) for x, a, b in corners)
    matrix = struct.pack(">9i", *(65536 * (i % 4 == 0) for i in range(9)))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + clut + ramp * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {"A2B0": table, "A2B1": table})


def _profile(kind: bytes, space: bytes, pcs: bytes, tags: Mapping[str, bytes]) -> bytes:
    given = {"desc": _described("made for a test"), "cprt": b"text\0\0\0\0none\0", "wtpt": _xyz(_D50), **tags}
    at, table, data = 132 + 12 * len(given), b"", b""
    for name, value in given.items():
        table += struct.pack(">4sII", name.encode(), at + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    head = struct.pack(">I4sI4s4s4s12s4s", at + len(data), b"lcms", 0x02400000, kind, space, pcs, bytes(12), b"acsp")
    white = struct.pack(">3i", *(round(v * 65536) for v in _D50))
    return (head + bytes(68 - len(head)) + white).ljust(128, b"\0") + struct.pack(">I", len(given)) + table + data


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def _described(text: str) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text.encode() + b"\0" + bytes(78)

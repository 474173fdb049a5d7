"""Files as they arrive after a bad day: bytes changed, cut off, repeated."""

from random import Random


def damaged(data: bytes, random: Random) -> bytes:
    """Some bytes changed, or the end lost, or a piece there twice."""
    made = bytearray(data)
    for _ in range(random.randint(1, 8)):
        made[random.randrange(len(made))] = random.randrange(256)
    cut = random.randrange(len(made))
    kind = random.randrange(3)
    if kind == 1:
        return bytes(made[:cut])
    return bytes(made[:cut] + made[cut // 2 :]) if kind == 2 else bytes(made)

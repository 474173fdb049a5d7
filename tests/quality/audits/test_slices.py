"""Groups of speakers compared: which one lies farthest from the others."""

import numpy as np

from affectory.quality.audits._slices import Units


def test_of_two_groups_that_lie_equally_far_apart_the_first_is_named_whatever_the_last_bits() -> None:
    for draw in range(40):
        thirds = np.random.default_rng(draw).integers(0, 7, (20, 1)) / 3
        group, *_ = Units(np.arange(20) % 2, thirds, np.full(20, 6.0)).tested(1, "a")
        assert group == 0, draw

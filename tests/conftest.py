"""Settings of all tests: no clock decides whether a law holds, and CI draws the same examples each time."""

import os

from hypothesis import settings

settings.register_profile("affectory", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("affectory")

"""A page on which all samples of a release can be looked at, served to this machine alone."""

"""Builds elsewhere: what of a recipe travels, where a cluster keeps what it makes, and the files that start it."""

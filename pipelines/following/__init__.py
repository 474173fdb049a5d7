"""Lineage both ways: the answers and versions behind a sample, a row of a release to its origin, a file to its rows."""

"""Suites of Great Expectations, made from the tables' schemas, the taxonomy and the recipe."""

"""Taxonomies of emotion: validated data, built in or the user's own, and the maps between them."""

from affectory.schemas.taxonomy_load import load_taxonomy, parse_taxonomy, read_taxonomy, taxonomy_names
from affectory.schemas.taxonomy_map import TaxonomyMap, load_map, map_names, parse_map, roll_up
from affectory.schemas.taxonomy_model import Taxonomy
from affectory.schemas.taxonomy_parts import Entry, Link, Vad, word_key

__all__ = [
    "Entry",
    "Link",
    "Taxonomy",
    "TaxonomyMap",
    "Vad",
    "load_map",
    "load_taxonomy",
    "map_names",
    "parse_map",
    "parse_taxonomy",
    "read_taxonomy",
    "roll_up",
    "taxonomy_names",
    "word_key",
]

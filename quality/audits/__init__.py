"""Audits: what no single row shows. Each is one file here, found by its name; a recipe lists those that it wants."""

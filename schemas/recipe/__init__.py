"""Recipes: what a build does, read from YAML with the place of every key. Imports pydantic, so import it late."""

from affectory.schemas.recipe.json_schema import json_schema
from affectory.schemas.recipe.load import load_recipe, load_recipe_partly
from affectory.schemas.recipe.model import RecipeSpec
from affectory.schemas.recipe.problems import KeyPath, Problem, RecipeProblems, in_order
from affectory.schemas.recipe.recipe import EntrySpec, Recipe, StepSpec
from affectory.schemas.recipe.secrets import Secret

__all__ = [
    "EntrySpec",
    "KeyPath",
    "Problem",
    "Recipe",
    "RecipeProblems",
    "RecipeSpec",
    "Secret",
    "StepSpec",
    "in_order",
    "json_schema",
    "load_recipe",
    "load_recipe_partly",
]

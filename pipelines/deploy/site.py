"""A dataset as a cluster builds it: names, folders and the command."""

import re
from dataclasses import dataclass

from affectory.pipelines.deploy.bundle import Bundle, is_below
from affectory.schemas.errors import UserError
from affectory.schemas.ids import digest
from affectory.schemas.recipe.deploy import Deploy
from affectory.schemas.recipe.paths import REMOTE
from affectory.schemas.recipe.problems import KeyPath, RecipeProblems
from affectory.schemas.recipe.recipe import Recipe
from affectory.schemas.urls import is_url, read_location

BUILD = ("python", "-m", "affectory.pipelines.cli", "build")
ON_RAY = ("--engine", "ray", "--address", "auto")
RECIPE_FOLDER = "/recipe"
LONGEST_NAME = 40
_INERT = re.compile(r"[A-Za-z0-9._%+=:~@/-]+")


@dataclass(frozen=True)
class Site:
    """Where a recipe's dataset is built; options given on the command line win over `deploy`."""

    recipe: Recipe
    workspace_given: str = ""
    releases_given: str = ""
    roots: tuple[str, ...] = ()
    """Places that the cluster sees and that the recipe may read."""
    overrides: tuple[str, ...] = ()
    """What of the recipe was given on the command line instead, as KEY=VALUE."""

    @property
    def deploy(self) -> Deploy:
        return self.recipe.spec.deploy

    @property
    def name(self) -> str:
        """A name that Kubernetes takes with what it adds behind it."""
        dataset = self.recipe.spec.dataset
        short = dataset[:LONGEST_NAME].rstrip("-")
        return short if short == dataset else f"{short[: LONGEST_NAME - 7].rstrip('-')}-{digest(dataset)[:6]}"

    @property
    def bundle(self) -> Bundle:
        """The recipe alone: jobs that start by themselves find data on storage."""
        return Bundle(self.recipe, data=False)

    @property
    def workspace(self) -> str:
        wanted = self.workspace_given or self.deploy.storage.workspace or self._on_claim("workspaces")
        if not wanted and (ours := self._named(("workspace",), self.recipe.spec.workspace or "")):
            wanted = f"{ours.rstrip('/')}/{self.recipe.spec.dataset}"
        return self._seen(wanted, "workspace", REMOTE["workspace"])

    @property
    def releases(self) -> str:
        wanted = self.releases_given or self.deploy.storage.releases or self._on_claim("releases")
        return self._seen(
            wanted or self._named(("publish", "to"), self.recipe.spec.publish.to), "releases", REMOTE["publish"]
        )

    def _named(self, key: KeyPath, given: str) -> str:
        """A place that the recipe names; an address among them as for every command, where a root allows it."""
        problem = self.recipe.check_path(key, given, must_exist=False) if is_url(given) else None
        if problem:
            raise RecipeProblems((problem,))
        return given

    def _on_claim(self, folder: str) -> str:
        storage = self.deploy.storage
        return f"{storage.path.rstrip('/')}/{folder}/{self.recipe.spec.dataset}" if storage.claim else ""

    def _seen(self, where: str, what: str, schemes: tuple[str, ...]) -> str:
        if where.startswith("/") or is_url(where):
            return str(read_location(where, f"the {what}", schemes))
        given = f"{where}, a folder beside the recipe" if where else "a folder beside the recipe"
        hint = (
            f"give deploy.storage.claim, or deploy.storage.{what} (or --{what}): s3://bucket/prefix or a shared folder"
        )
        raise UserError(f"the {what} would be {given}: every node of a cluster must see it, also after the job", hint)

    @property
    def on_claim(self) -> tuple[str, ...]:
        storage = self.deploy.storage
        return (storage.path,) if storage.claim else ()

    def command(self, recipe: str, *beside: str) -> tuple[str, ...]:
        """The build as words of a command line; `beside` are folders that travel with the recipe."""
        roots = (*beside, *self.on_claim, *self.roots)
        below = [word for root in dict.fromkeys(roots) for word in ("--root", root)]
        return (
            *BUILD,
            recipe,
            *ON_RAY,
            "--workspace",
            self.workspace,
            "--releases",
            self.releases,
            *below,
            *self.settings,
        )

    @property
    def settings(self) -> tuple[str, ...]:
        """The overrides as words of a build's command line; those of `deploy` have done their part here."""
        keys = ((given, given.partition("=")[0].partition(".")[0].strip()) for given in self.overrides)
        return tuple(word for given, key in keys if key != "deploy" for word in ("--set", given))

    def nightly(self) -> str:
        """The build of a schedule, in words that no shell does anything to."""
        storage = self.deploy.storage
        for what, where in (("workspace", self.workspace), ("releases", self.releases), ("recipe", storage.recipe)):
            if where and "://" not in where and not is_below(where, self.on_claim):
                hint = f"mount a volume there with deploy.storage.claim and path, or move the {what} below its path"
                raise UserError(f"the {what} at {where} is on no volume that every node sees", hint)
        if storage.recipe:
            words = self.command(storage.recipe)
        else:
            self.bundle.refuse_unseen(self.on_claim)
            words = self.command(f"{RECIPE_FOLDER}/{self.bundle.main}", RECIPE_FOLDER)
        odd = [word for word in words if not _INERT.fullmatch(word)]
        if odd:
            hint = "use letters, digits and . _ - / in its name; what --set gives can be written into the recipe"
            raise UserError(f"{odd[0]!r} cannot be part of a job's command", hint)
        return " ".join(words)

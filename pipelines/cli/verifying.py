"""Commands about a release as it lies somewhere: verify, sign, pack, push."""

import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from affectory.pipelines.cli.looking import RecipeOption, release_path
from affectory.pipelines.cli.options import DEFAULT_RECIPE, Json, Releases
from affectory.pipelines.cli.waiting import progress
from affectory.schemas.errors import Exit, UserError

Release = Annotated[str, typer.Argument(help="A release's version, folder or address.")]


def verify(
    release: Release,
    signers: Annotated[
        Path | None,
        typer.Option(help="Those of whom one must have signed it: an `allowed_signers` file of ssh.", metavar="FILE"),
    ] = None,
    recipe: RecipeOption = DEFAULT_RECIPE,
    releases: Releases = None,
    json: Json = False,
) -> None:
    """Read every byte of a release and say what is not as it was published; exit code 2 if anything is."""
    from affectory.pipelines.release.sums import verify as differing

    place = release_path(release, recipe, releases)
    with progress() as told:
        problems = differing(place, signers, told)
    if json:
        print(json_format.dumps({"release": str(place), "problems": problems}, ensure_ascii=False))
    else:
        signed = f", signed by one of {signers}" if signers else ""
        print("\n".join(problems) if problems else f"{place}: every byte is as it was published{signed}")
    if problems:
        raise typer.Exit(int(Exit.USER))


def sign(
    release: Annotated[Path, typer.Argument(help="The folder of a release.")],
    key: Annotated[Path, typer.Argument(help="An ssh key; its public half where an agent holds it.")],
    json: Json = False,
) -> None:
    """Sign a release that was published without a signature."""
    from affectory.pipelines.release.signing import sign as write_signature
    from affectory.pipelines.release.sums import verify as differing

    with progress() as told:
        problems = differing(release, told=told)
    if problems:
        raise UserError(f"{release} is not as it was published: {problems[0]}", f"see: affectory verify {release}")
    _wrote(write_signature(release, key), json)


def pack(
    release: Annotated[Path, typer.Argument(help="The folder of a release.")],
    out: Annotated[Path, typer.Argument(help="The archive: ends with .tar, .tar.gz or .tar.zst.")],
    json: Json = False,
) -> None:
    """Write a release into one archive, whose bytes follow from the release alone."""
    from affectory.pipelines.release.packing import pack as write_archive

    with progress() as told:
        made = write_archive(release, out, told)
    _wrote(made, json)


def push(
    release: Annotated[Path, typer.Argument(help="The folder of a release.")],
    to: Annotated[str, typer.Argument(help="s3://..., hf://datasets/org/name or a folder, for all its versions.")],
    json: Json = False,
) -> None:
    """Send a release elsewhere, as it is; killed and called again it sends what is missing."""
    from affectory.pipelines.cli.options import absolute
    from affectory.pipelines.release.loading import load_line
    from affectory.pipelines.release.pushing import push as send

    with progress() as told:
        made = send(release, absolute(to, "TO", ("s3", "hf")), told)
    facts = {"version": made.version, "path": str(made.path), "hash": made.hash, "load": load_line(made.path)}
    text = f"{made.version} lies at {made.path}\n  {load_line(made.path)}"
    print(json_format.dumps(facts, ensure_ascii=False) if json else text)


def _wrote(path: Path, json: bool) -> None:
    print(json_format.dumps({"wrote": str(path)}, ensure_ascii=False) if json else f"wrote {path}")


COMMANDS = (verify, sign, pack, push)

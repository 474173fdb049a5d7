"""Builds pipelines/recipes/mer-caption.yaml on real captions of clips, and scores its open words by emotion wheels.

Needs the data beside the repository. Without --url the small model of `make models` is served here, which shows that
all of it works and not how good descriptions get: with --url and --model, a server of yours is asked.
"""

import argparse
import shutil
import sys
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support import emer  # noqa: E402
from support.llama import ALIAS, serving  # noqa: E402
from support.project import Project  # noqa: E402

from affectory.pipelines.build import Summary  # noqa: E402
from affectory.quality.emotion_wheel import EmotionWheels, words_of  # noqa: E402

DATA = ROOT.parent / "shared" / "data"
MODELS = ("Chat-UniVi", "SALMONN", "VideoChat2")


def find(name: str) -> Path:
    return DATA / name


def truth(wheels: EmotionWheels, clips: list[str]) -> list[list[str]]:
    """What people said of each clip: the words of their explanation that a wheel knows."""
    explained = emer.explained(find)
    known = {word for classes in wheels.classes for word in classes}
    split = {clip: "".join(c if c.isalpha() else " " for c in explained[clip].lower()).split() for clip in clips}
    return [sorted(known.intersection(split[clip])) for clip in clips]


def line(name: str, wheels: EmotionWheels, said: dict[str, list[str]]) -> str:
    clips = sorted(said)
    score = wheels.score(truth(wheels, clips), [said[clip] for clip in clips])
    return f"| {name} | {len(clips)} | {score.f:.3f} | {score.precision:.3f} | {score.recall:.3f} |"


def captioned(condition: str, clips: set[str], model: str) -> dict[str, list[str]]:
    """The open words that the authors took from one model's captions."""
    return {
        row["clip"]: words_of(row["labels"]) for row in emer.labelled(find, condition, model) if row["clip"] in clips
    }


def built(made: Project, url: str, model: str, tokens: int) -> Summary:
    writer = [f"models.writer.url={url}", f"models.writer.model={model}", f"models.writer.max_tokens={tokens}"]
    return made.build(*writer, "limits.max_failed=1.0", "validate.min_rows=0")


def open_words(made: Project, summary: Summary) -> dict[str, list[str]]:
    keys = {row["sample_id"]: row["key"] for row in made.rows(summary.version, "samples").to_pylist()}
    opinions = made.rows(summary.version, "opinions").to_pylist()
    return {keys[o["sample_id"]]: o["answer"]["words"] for o in opinions if o["asked"]["response"] == "words"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--sentences", type=int, default=100, help="of each caption")
    parser.add_argument("--url")
    parser.add_argument("--model", default=ALIAS)
    parser.add_argument("--max-tokens", type=int, default=320)
    parser.add_argument("--wheels", type=Path, default=find("emotion_wheel"), help="the folder of their authors")
    given = parser.parse_args()
    rows = [emer.shortened(clip, given.sentences) for clip in islice(emer.clips(find), given.clips)]
    folder = Path(tempfile.mkdtemp())
    recipe = (ROOT / "pipelines" / "recipes" / "mer-caption.yaml").read_text()
    (folder / "recipe.yaml").write_text(recipe.replace("[default, opinions, notes]", "[default, opinions, samples]"))
    emer.write(folder, rows)
    made, start = Project(folder), time.monotonic()
    server: AbstractContextManager[str] = nullcontext(given.url) if given.url else serving()
    with server as url:
        summary = built(made, url, given.model, given.max_tokens)
    print(f"{given.clips} clips, {given.model}: {time.monotonic() - start:.0f} s")
    print(f"kept {summary.kept}, rejected {summary.rejected}, failed {summary.failed}\n")
    dropped: dict[str, int] = {}
    for lost in made.rejects():
        dropped[f"{lost['stage']}: {lost['reason']}"] = dropped.get(f"{lost['stage']}: {lost['reason']}", 0) + 1
    for why, count in sorted(dropped.items()):
        print(f"- dropped by {why}: {count}")
    wheels = EmotionWheels.read(given.wheels)
    kept = open_words(made, summary)
    clips = {str(row["clip"]) for row in rows}
    print("\n| words of | clips | F | precision | recall |\n|---|---|---|---|---|")
    print(line("this build, kept", wheels, kept))
    for name in MODELS:
        own = captioned("nosubtitle", clips, name)
        print(line(f"{name}, the same clips", wheels, {clip: own[clip] for clip in kept}))
        print(line(f"{name}, dropped clips", wheels, {clip: own[clip] for clip in clips - set(kept)}))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()

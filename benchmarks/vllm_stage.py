"""How fast questions pass the stage of vLLM on Ray, beside the bare engine on the same prompts, and whether both say
the same: log-probabilities are compared question by question.

    python benchmarks/vllm_stage.py --model FOLDER [--questions 4000] [--gpus 1] [--words 150] [--tokens 64]
    python benchmarks/vllm_stage.py --dry

It needs vLLM, a GPU, and a model for chats as a folder with safetensors. With --dry it only makes the questions and
shows their shapes. (A vLLM that is built for processors runs it too; its figures mean little.)

Every other question has choices, the others are answered freely, as long as they may be. Each way is run with a third
of the questions and with all of them, in processes of their own: what counts is the difference, without what it takes
to start. The stage is all that a build does: finding what to ask, prompts, the ledger, commits. Goal: 0.95 of the bare
engine's answers per second, and log-probabilities within 0.05.
"""

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests")]
GOAL, TOLERANCE = 0.95, 0.05
PARTITION = 500
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]


@dataclass(frozen=True)
class Load:
    """The questions and how they are answered: the same for the same figures."""

    model: str
    questions: int
    words: int
    tokens: int
    gpus: float
    length: int
    dtype: str

    def texts(self) -> list[str]:
        """Made-up words, in lengths between a half and one and a half of what was asked for."""
        rng = random.Random(f"{self.questions} {self.words}")
        lengths = [rng.randint(self.words // 2, self.words * 3 // 2) for _ in range(self.questions)]
        words = [" ".join("".join(rng.choices(_SYLLABLES, k=rng.randint(1, 4))) for _ in range(n)) for n in lengths]
        return [f"{number} {text}" for number, text in enumerate(words)]

    def asked(self) -> Any:
        """The model as a recipe names it."""
        from affectory.schemas.recipe.asked import Asked
        from affectory.transforms.models._asked import AskedModel

        engine = {"max_model_len": self.length, "dtype": self.dtype}
        spec = Asked(backend="vllm", path="m", gpus=self.gpus, max_tokens=self.tokens, options={"engine": engine})
        return AskedModel("m", spec, Path(self.model))


def bare(load: Load) -> dict[str, Any]:
    """The engine alone: all prompts are made before the clock starts."""
    import vllm
    from support.steps_vllm import question

    from affectory.transforms.models.backends._vllm_answers import Told, reply
    from affectory.transforms.models.backends._vllm_engine import prompt, sampling_params
    from affectory.transforms.models.backends._vllm_options import engine_args
    from affectory.transforms.models.backends._vllm_telling import prompts_of

    model = load.asked()
    prompts = prompts_of(model)
    requests = [prompts.request(question(model.name, text)) for text in load.texts()]
    llm = vllm.LLM(model=load.model, **engine_args(model.spec))
    start = time.monotonic()
    outputs = llm.generate([prompt(r) for r in requests], [sampling_params(r) for r in requests], use_tqdm=False)
    seconds = time.monotonic() - start
    replies = [reply(request, Told.of_output(output)) for request, output in zip(requests, outputs, strict=True)]
    return {"seconds": seconds, "logprobs": [dict(said.logprobs) for said in replies]}


def stage(load: Load) -> dict[str, Any]:
    """A build on the Ray engine of this machine, with Ray's start and the engine's in its time."""
    from support.partitions import Build
    from support.steps_vllm import asks_stage

    from affectory.pipelines.engines.base import Choice, opened

    one = asks_stage(load.asked())
    texts = load.texts()
    parts = [texts[start : start + PARTITION] for start in range(0, len(texts), PARTITION)]
    with tempfile.TemporaryDirectory(prefix="vllm-stage-") as folder:
        build = Build(folder, (one,))
        partitions = build.partitions(parts)
        with opened(Choice("ray")) as engine:
            start = time.monotonic()
            list(engine.run(partitions))
            seconds = time.monotonic() - start
        rows = [row for _, tables in build.commits().values() for row in tables.get("rows", ()) if row.get("heard")]
        heard = {row["text"]: row["heard"] for row in rows}
    return {"seconds": seconds, "logprobs": [json.loads(heard[text])["logprobs"] for text in texts]}


WAYS = {"bare": bare, "stage": stage}


def measured(way: str, load: Load) -> dict[str, Any]:
    """One way in a process of its own, as an engine keeps the GPU's memory."""
    paths = [str(HERE.parent / "tests"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, str(Path(__file__).resolve()), "--one", way, json.dumps(asdict(load))]
    told = subprocess.run(command, env=environment, capture_output=True, text=True)
    if told.returncode:
        raise SystemExit(f"{way} ended with status {told.returncode}:\n{told.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def compared(load: Load) -> None:
    """Both ways at both sizes, and what that means."""
    few = replace(load, questions=load.questions // 3)
    print(f"{'':<8}{'few, s':>10}{'all, s':>10}{'answers/s':>12}")
    rates, said = {}, {}
    for way in WAYS:
        short, whole = measured(way, few), measured(way, load)
        rates[way] = (load.questions - few.questions) / max(whole["seconds"] - short["seconds"], 1e-9)
        said[way] = whole["logprobs"]
        print(f"{way:<8}{short['seconds']:>10.1f}{whole['seconds']:>10.1f}{rates[way]:>12.1f}")
    share, apart = rates["stage"] / rates["bare"], furthest(said["bare"], said["stage"])
    print(f"the stage has {share:.2f} of the bare engine's rate (goal {GOAL}); ", end="")
    print(f"log-probabilities differ by {apart:.4f} at most (tolerance {TOLERANCE})")


def furthest(ones: Sequence[Mapping[str, float]], others: Sequence[Mapping[str, float]]) -> float:
    """The largest difference of log-probabilities; infinite where one way has a choice that the other has not."""
    apart = 0.0
    for one, other in zip(ones, others, strict=True):
        if one.keys() != other.keys():
            return float("inf")
        apart = max([apart, *(abs(one[choice] - other[choice]) for choice in one)])
    return apart


def shapes(load: Load) -> None:
    """What the questions are, without asking them."""
    texts = load.texts()
    lengths = sorted(len(text.split()) for text in texts)
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
    print(f"{load.questions} questions, {load.questions // 2} with choices, {load.tokens} tokens at most of the others")
    print(f"words: {lengths[0]} to {lengths[-1]}, {lengths[len(lengths) // 2]} in the middle; hash {digest}")


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What is on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="", help="folder of the model")
    parser.add_argument("--questions", type=int, default=4000)
    parser.add_argument("--words", type=int, default=150, help="of a question, in the middle")
    parser.add_argument("--tokens", type=int, default=64, help="of an answer, at most")
    parser.add_argument("--gpus", type=float, default=1.0, help="of each engine")
    parser.add_argument("--length", type=int, default=2048, help="tokens of a question with its answer, at most")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--dry", action="store_true", help="only make the questions")
    parser.add_argument("--one", nargs=2, metavar=("WAY", "LOAD"), help=argparse.SUPPRESS)
    return parser.parse_args(given)


def main() -> None:
    given = arguments()
    if given.one:
        way, load = given.one
        print(json.dumps(WAYS[way](Load(**json.loads(load)))))
        return
    load = Load(**{name: getattr(given, name) for name in Load.__dataclass_fields__})
    shapes(load)
    if given.dry:
        return
    if not load.model:
        raise SystemExit("name a model by --model FOLDER, or say --dry")
    if find_spec("vllm") is None:
        raise SystemExit("vLLM is not installed here: pip install 'affectory[llm]', on a machine with a GPU")
    compared(load)


if __name__ == "__main__":
    main()

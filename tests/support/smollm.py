"""A small real language model as a folder of the Hugging Face kind: the same weights that the llama.cpp server has.

`make models` writes it once (`python -m support.smollm`), as reading a GGUF through transformers takes longer than the
tests that need it.
"""

import shutil
import sys
from pathlib import Path

import pytest
from support.llama import gguf

FOLDER = Path(sys.prefix) / "smollm2"


def folder() -> Path:
    """Where it is; a test that needs it is skipped where it is not."""
    pytest.importorskip("transformers", reason="no transformers: `make models` installs it")
    if not FOLDER.exists():
        pytest.skip("no SmolLM2 for transformers: `make models` writes it")
    return FOLDER


def write(folder: Path = FOLDER) -> None:
    """The weights in 32 bits, so that nothing is lost on the way."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    source, made = gguf(), folder.with_name(f"{folder.name}.new")
    shutil.rmtree(made, ignore_errors=True)
    model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype="float32")
    # It is no longer quantised, and could not be written as if it were.
    model.hf_quantizer, model.is_quantized = None, False
    del model.config.quantization_config
    model.save_pretrained(made)
    AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name).save_pretrained(made)
    shutil.rmtree(folder, ignore_errors=True)
    made.rename(folder)


if __name__ == "__main__":
    write()

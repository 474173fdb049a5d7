"""Tiny models of transformers with random weights, as folders: what they say means nothing, but they are loaded,
shown pictures, played sound and asked as large ones."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from affectory.schemas.recipe.asked import Asked
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask, Message, Part

NEEDED = pytest.mark.skipif(
    find_spec("torch") is None or find_spec("transformers") is None,
    reason="no torch or no transformers: `make models` installs them",
)
"""Found, not imported: every process of a run collects, and importing both takes longer than all else that it does."""
BODY = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
TEMPLATE = (
    "{% for m in messages %}<|turn|>{{ m.role }}\n{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
)
OF_PARTS = TEMPLATE.replace(
    "{{ m.content }}",
    "{% for p in m.content %}{{ {'image': '<image>', 'audio': '<|AUDIO|>'}.get(p.type, p.text) }}{% endfor %}",
)


def writer(folder: Path, template: str = TEMPLATE, **config: Any) -> Path:
    """A language model whose tokens are bytes."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokens = _tokens()
    tokens.chat_template = template
    ends = {"eos_token_id": tokens.eos_token_id, "pad_token_id": tokens.pad_token_id}
    body = {**BODY, "max_position_embeddings": 512, "vocab_size": len(tokens), **ends, **config}
    _saved(LlamaForCausalLM, LlamaConfig(**body), folder)
    tokens.save_pretrained(folder)
    return folder


def eye(folder: Path) -> Path:
    """A model that is shown pictures."""
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    tokens = _tokens("<image>")
    sees = CLIPVisionConfig(**BODY, image_size=16, patch_size=8)
    says = LlamaConfig(**BODY, vocab_size=len(tokens), max_position_embeddings=512, eos_token_id=tokens.eos_token_id)
    marked = {"image_token_index": tokens.convert_tokens_to_ids("<image>"), "vision_feature_layer": -1}
    _saved(LlavaForConditionalGeneration, LlavaConfig(vision_config=sees, text_config=says, **marked), folder)
    side = {"height": 16, "width": 16}
    pictures = CLIPImageProcessorPil(size=side, crop_size=side)
    how = {"patch_size": 8, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    LlavaProcessor(pictures, tokens, **how, chat_template=OF_PARTS).save_pretrained(folder)
    return folder


def ear(folder: Path) -> Path:
    """A model that hears sound of up to a second."""
    from transformers import (
        Qwen2AudioConfig,
        Qwen2AudioEncoderConfig,
        Qwen2AudioForConditionalGeneration,
        Qwen2AudioProcessor,
        Qwen2Config,
        WhisperFeatureExtractor,
    )

    tokens = _tokens("<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>")
    hears = Qwen2AudioEncoderConfig(
        num_mel_bins=8, encoder_layers=1, encoder_attention_heads=2, encoder_ffn_dim=16, d_model=16,
        max_source_positions=50,
    )  # fmt: skip
    says = Qwen2Config(**BODY, num_key_value_heads=2, vocab_size=len(tokens), max_position_embeddings=512)
    marked = {"audio_token_index": tokens.convert_tokens_to_ids("<|AUDIO|>")}
    config = Qwen2AudioConfig(audio_config=hears, text_config=says, **marked)
    _saved(Qwen2AudioForConditionalGeneration, config, folder)
    sound = WhisperFeatureExtractor(feature_size=8, chunk_length=1)
    Qwen2AudioProcessor(sound, tokens, chat_template=OF_PARTS).save_pretrained(folder)
    return folder


def mouth(folder: Path) -> Path:
    """A model that speaks English letters with three voices."""
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    folder.mkdir(parents=True)
    letters = folder / "vocab.json"
    letters.write_text(json.dumps({letter: i for i, letter in enumerate(" abcdefghijklmnopqrstuvwxyz")}))
    tokens = VitsTokenizer(str(letters), pad_token=" ", unk_token=" ", phonemize=False, is_uroman=False)
    few = ("prior_encoder_num_flows", "posterior_encoder_num_wavenet_layers", "prior_encoder_num_wavenet_layers")
    config = VitsConfig(
        vocab_size=len(tokens), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, ffn_dim=16, flow_size=16,
        spectrogram_bins=16, num_speakers=3, speaker_embedding_size=8, upsample_initial_channel=16,
        upsample_rates=[4, 4], upsample_kernel_sizes=[8, 8], resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1]],
        duration_predictor_num_flows=1, duration_predictor_flow_bins=4, depth_separable_channels=2,
        depth_separable_num_layers=1, sampling_rate=8000, **dict.fromkeys(few, 1),
    )  # fmt: skip
    _saved(VitsModel, config, folder)
    tokens.save_pretrained(folder)
    return folder


def model(folder: Path, name: str = "small", **spec: Any) -> AskedModel:
    """A folder as a recipe names it."""
    return AskedModel(name, Asked(backend="transformers", path=folder.name, **spec), folder)


def ask(text: str, *before: Part, system: str = "", **how: Any) -> Ask:
    """A question of the user, media first."""
    first = (Message("system", (Part("text", system),)),) if system else ()
    return Ask("small", (*first, Message("user", (*before, Part("text", text)))), "hash", **how)


def _tokens(*special: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(letters)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    marks = {"eos_token": "<|end|>", "pad_token": "<|pad|>", "additional_special_tokens": ["<|turn|>", *special]}
    tokens = PreTrainedTokenizerFast(tokenizer_object=made, **marks)
    tokens.chat_template = TEMPLATE
    return tokens


def _saved(kind: Any, config: Any, folder: Path) -> None:
    import torch
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        kind(config).save_pretrained(folder)

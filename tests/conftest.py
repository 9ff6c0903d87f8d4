"""What all tests share."""

from __future__ import annotations

import os
import string
import warnings
from pathlib import Path

import pytest
from hypothesis import settings

# No test asserts a time: a busy machine is no fault.
settings.register_profile("textnorm", deadline=None)
settings.load_profile("textnorm")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The development data: ``TEXTNORM_DATA``, or ``shared/data`` beside the checkout; without it tests skip."""
    folder = Path(os.environ.get("TEXTNORM_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the development data are not here: set TEXTNORM_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """The folder of a sentence-transformers model of 2 layers that reads 24 tokens at most.

    Its weights are random: no download, no licence, the same on every machine.
    """
    why = "the transformer encoder is an extra: encoders"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch", reason=why)
        pytest.importorskip("sentence_transformers", reason=why)
        from sentence_transformers import SentenceTransformer
        from transformers import BertConfig, BertModel, BertTokenizerFast
        from transformers.utils import logging

        logging.disable_progress_bar()
        folder = tmp_path_factory.mktemp("tiny")
        letters = list(string.ascii_lowercase + string.digits + ".,-")
        words = "nurse head of the cook driver".split()
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        vocabulary = [*special, *words, *letters, *(f"##{c}" for c in letters)]
        (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=64,
            initializer_range=0.5,
        )
        BertModel(config).save_pretrained(folder / "plain")
        BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder / "plain")
        model = SentenceTransformer(str(folder / "plain"), device="cpu")
        model.max_seq_length = 24
        model.save(str(folder / "model"))
    return folder / "model"

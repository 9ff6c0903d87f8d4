"""Transformers on ONNX Runtime: a plain export of the model with its pooling, kept on disk for the next time.

With the graph on disk neither torch nor sentence-transformers is imported any more: a process is ready in one second
instead of fifteen.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.encoders import torch_runner
from textnorm.encoders.batching import (
    PROBES,
    TOKENS_CPU,
    Batch,
    Settings,
    agree,
    encode_sorted,
    padded,
)
from textnorm.errors import MissingExtraError, TextnormError

#: Version of the exported form; a change makes old exports be made again.
VERSION = 1
OPSET = 17
GRAPH, GRAPH_INT8, TOKENIZER, META = "model.onnx", "model.int8.onnx", "tokenizer.json", "meta.json"


class ExportError(TextnormError):
    """A model that cannot be turned into an ONNX graph that gives the same vectors."""


def open_runner(folder: Path, settings: Settings, store: Path, *, threads: int, int8: bool = False) -> OnnxRunner:
    """Return a runner for the model in ``folder``, from its export in ``store``, which is made where missing.

    Raises:
        MissingExtraError: onnxruntime, tokenizers or, for the first time, sentence-transformers is not installed.
        ExportError: the model has no such export.
    """
    try:
        import onnxruntime  # noqa: F401
        import tokenizers  # noqa: F401
    except ImportError as error:
        feature = "Encoding on ONNX Runtime"
        raise MissingExtraError(feature, error.name or "onnxruntime", "encoders") from error
    if not _complete(store, int8=int8):
        _build(folder, settings, store, int8=int8)
    return OnnxRunner(store, threads=threads, int8=int8)


def _complete(store: Path, *, int8: bool) -> bool:
    try:
        meta = json.loads((store / META).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return meta.get("version") == VERSION and (store / (GRAPH_INT8 if int8 else GRAPH)).is_file()


class OnnxRunner:
    """Runs an exported model; see :class:`~textnorm.encoders.batching.Runner`."""

    def __init__(self, store: Path, *, threads: int, int8: bool) -> None:
        import onnxruntime
        import tokenizers

        meta = json.loads((store / META).read_text(encoding="utf-8"))
        self.name = "onnx-int8" if int8 else "onnx"
        self.dim = int(meta["dim"])
        self.prompt = str(meta["prompt"])
        self._filler, self._left = int(meta["filler"]), bool(meta["left"])
        self._tokenizer = tokenizers.Tokenizer.from_file(str(store / TOKENIZER))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that spin while they wait steal the cores of other workers.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        graph = store / (GRAPH_INT8 if int8 else GRAPH)
        try:
            self._session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has a class of its own for each kind of damage
            msg = f"The exported graph {graph} is damaged: delete the folder {store}, it is made again."
            raise ExportError(msg) from error
        self._typed = any(given.name == "token_type_ids" for given in self._session.get_inputs())

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Return a vector a text."""
        prompted = [self.prompt + text for text in texts] if self.prompt else texts
        tokens = [found.ids for found in self._tokenizer.encode_batch_fast(prompted)]
        return encode_sorted(tokens, self._run, dim=self.dim, size=TOKENS_CPU, filler=self._filler, left=self._left)

    def _run(self, batches: Iterable[Batch]) -> Iterator[NDArray[np.float32]]:
        for ids, mask in batches:
            fields = {"input_ids": ids, "attention_mask": mask}
            if self._typed:
                fields["token_type_ids"] = np.zeros_like(ids)
            yield self._session.run(None, fields)[0]


def _build(folder: Path, settings: Settings, store: Path, *, int8: bool) -> None:
    """Export a model into ``store``: written beside it and renamed, so that two processes may do it at once."""
    store.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{store.name}-", dir=store.parent))
    try:
        fresh.chmod(0o755)
        if _complete(store, int8=False):
            for name in (GRAPH, TOKENIZER, META):
                shutil.copyfile(store / name, fresh / name)
        else:
            _export(folder, settings, fresh)
        if int8:
            _quantize(fresh)
        _put(fresh, store)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _put(fresh: Path, store: Path) -> None:
    """Move what was built to its place, file by file, the description last: it says that the rest is there."""
    store.mkdir(exist_ok=True)
    for path in sorted(fresh.iterdir(), key=lambda path: path.name == META):
        path.replace(store / path.name)


def _export(folder: Path, settings: Settings, fresh: Path) -> None:
    if importlib.util.find_spec("onnx") is None:  # torch writes the graph with it
        feature = "The first use of a model on ONNX Runtime"
        raise MissingExtraError(feature, "onnx", "encoders")
    model = torch_runner.open_model(folder, settings, "cpu")
    try:
        tokenizer = model.tokenizer
        fast = tokenizer.backend_tokenizer
        limit = model.max_seq_length
    except AttributeError as error:
        msg = f"The model in {folder} has no tokenizer that runs without torch."
        raise ExportError(msg) from error
    fast.no_padding()
    if limit is None:
        fast.no_truncation()
    else:
        fast.enable_truncation(max_length=limit)
    fast.save(str(fresh / TOKENIZER))
    filler, left = tokenizer.pad_token_id or 0, tokenizer.padding_side == "left"
    prompt = torch_runner.prompt_of(model, settings)
    with torch_runner.quiet():
        theirs = np.asarray(model.encode(list(PROBES), prompt=prompt, show_progress_bar=False), dtype=np.float32)
        try:
            typed = "token_type_ids" in tokenizer.model_input_names
            ids, mask = padded([found.ids for found in fast.encode_batch([prompt + text for text in PROBES])], filler)
            _write_graph(model, ids, mask, fresh / GRAPH, typed=typed)
        except Exception as error:  # the exporter fails in as many ways as there are models
            lines = str(error).strip().splitlines() or [type(error).__name__]
            msg = f"The model in {folder} cannot be exported: {lines[0]}"
            raise ExportError(msg) from error
    meta = {"version": VERSION, "dim": theirs.shape[1], "prompt": prompt, "filler": filler, "left": left}
    (fresh / META).write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")
    runner = OnnxRunner(fresh, threads=1, int8=False)
    # One by one: other sizes than those the graph was written with.
    ours = np.concatenate([runner.encode([text]) for text in PROBES])
    if not agree(ours, theirs):
        msg = f"The model in {folder} gives other vectors as an ONNX graph."
        raise ExportError(msg)


def _write_graph(model: Any, ids: NDArray[np.int64], mask: NDArray[np.int64], path: Path, *, typed: bool) -> None:
    import torch

    class Whole(torch.nn.Module):
        """The model with its pooling, from tensors to one vector a row."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
            fields = {"input_ids": input_ids, "attention_mask": attention_mask}
            if token_type_ids is not None:
                fields["token_type_ids"] = token_type_ids
            return self.model(fields)["sentence_embedding"]

    names = ["input_ids", "attention_mask", *(["token_type_ids"] if typed else [])]
    given = [
        torch.from_numpy(ids),
        torch.from_numpy(mask),
        *([torch.zeros(ids.shape, dtype=torch.int64)] if typed else []),
    ]
    with torch.inference_mode():
        torch.onnx.export(
            Whole().eval(),
            tuple(given),
            str(path),
            input_names=names,
            output_names=["vectors"],
            dynamic_axes={**{name: {0: "rows", 1: "tokens"} for name in names}, "vectors": {0: "rows"}},
            opset_version=OPSET,
            dynamo=False,
        )


def _quantize(fresh: Path) -> None:
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        feature = "A model with 8-bit weights"
        raise MissingExtraError(feature, "onnx", "encoders") from error
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # it advises on options of convolutions
    try:
        quantize_dynamic(fresh / GRAPH, fresh / GRAPH_INT8, weight_type=QuantType.QInt8, per_channel=True)
    finally:
        logging.disable(before)

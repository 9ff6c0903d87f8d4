"""Sentence-transformers models as encoders: on a GPU through torch in half precision, on a CPU through ONNX Runtime.

Each distinct text is encoded once. Texts are sorted by their number of tokens and cut into batches of about equal work,
so that little of a batch is padding.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textnorm.encoders import onnx_runner, torch_runner
from textnorm.encoders.batching import Precision, Runner, Settings
from textnorm.encoders.hub import decides_vectors, model_folder
from textnorm.encoders.protocol import as_texts, unit_rows
from textnorm.errors import DataError, MissingExtraError, UsageError

Backend = Literal["auto", "torch", "onnx", "onnx-int8"]
#: Distinct texts that are tokenized at once; bounds memory.
WINDOW = 65_536


class TransformerEncoder:
    """Vectors of a sentence-transformers model; see :class:`~textnorm.encoders.protocol.Encoder`.

    Within 1e-4 a coordinate the same alone, in any batch, and on torch or ONNX Runtime in float32. Texts longer than
    the model's length are cut, as the model does. Lone surrogates are read as U+FFFD. The empty text has the direction
    that the model gives to its special tokens alone.
    """

    def __init__(self, runner: Runner, identity: str) -> None:
        self.runner = runner
        self.identity = identity

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.runner.dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row a text, float32 ``[len(texts), dim]``.

        Raises:
            UsageError: ``texts`` is a single string.
            DataError: an item is no string, or its vector is not finite or has length zero.
        """
        items = as_texts(texts)
        place: dict[str, int] = {}
        inverse = np.fromiter((place.setdefault(text, len(place)) for text in items), dtype=np.int64, count=len(items))
        distinct = list(place)
        rows = np.empty((len(distinct), self.dim), dtype=np.float32)
        for start in range(0, len(distinct), WINDOW):
            window = distinct[start : start + WINDOW]
            rows[start : start + len(window)] = self.runner.encode([printable(text) for text in window])
        return unit_rows(rows if len(distinct) == len(items) else rows[inverse], items, self.identity)


def printable(text: str) -> str:
    """Return a text that can be written as UTF-8: lone surrogates become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def load_transformer(
    model: str | Path,
    *,
    backend: Backend = "auto",
    device: str | None = None,
    precision: Precision = "auto",
    threads: int | None = None,
    prompt: str | None = None,
    max_length: int | None = None,
    models: str | Path | None = None,
) -> TransformerEncoder:
    """Return a sentence-transformers model as an encoder: the factory ``textnorm.transformer.v1``.

    Args:
        model: ``"minilm"`` (the offline package), a folder, or a name on the model hub.
        backend: ``auto`` takes torch on a GPU and ONNX Runtime on a CPU, and torch with one warning where the model
            cannot be exported; ``onnx-int8`` quantizes the weights (faster, changes about a tenth of the ten nearest
            neighbours, so it has an identity of its own).
        device: torch device such as ``cuda:0``; ``None`` takes a GPU where torch sees one. A GPU implies torch.
        precision: of torch; ``auto`` is half precision on a GPU and float32 elsewhere.
        threads: CPU threads; ``None`` is :func:`default_threads`.
        prompt: text put before each text; ``None`` is the model's default prompt, mostly none.
        max_length: tokens after which a text is cut; ``None`` is the model's own.
        models: folder for exported graphs; ``None`` is ``$TEXTNORM_CACHE/onnx``, by default ``~/.cache/textnorm/onnx``.

    Raises:
        UsageError: there is no such model, or the options do not fit together.
        MissingExtraError: the packages of the extra ``encoders`` are not installed.
        DataError: the model cannot be loaded.
    """
    if backend not in ("auto", "torch", "onnx", "onnx-int8"):
        msg = f"There is no backend '{backend}': auto, torch, onnx or onnx-int8."
        raise UsageError(msg)
    if precision not in ("auto", "float32", "float16", "bfloat16"):
        msg = f"There is no precision '{precision}': auto, float32, float16 or bfloat16."
        raise UsageError(msg)
    if threads is not None and threads < 1:
        msg = f"threads is {threads}; it must be at least 1."
        raise UsageError(msg)
    settings = Settings(prompt, max_length)
    on_cpu = device is None or device.split(":")[0] == "cpu"
    if backend.startswith("onnx") and not (on_cpu and precision in ("auto", "float32")):
        msg = f"The backend {backend} runs on the CPU in float32: leave out device and precision, or take torch."
        raise UsageError(msg)
    folder = model_folder(model)
    name = str(model) if model == "minilm" else folder_name(model, folder)
    threads = threads or default_threads()
    digest = weights_digest(folder, settings)
    kind = "8bit:" if backend == "onnx-int8" else ""
    identity = f"textnorm.transformer.v1:{name}:{kind}{digest}"
    store = Path(models) if models is not None else cache_root() / "onnx"
    on_torch = not on_cpu or precision in ("float16", "bfloat16") or (device is None and torch_runner.sees_gpu())
    if backend != "torch" and not (backend == "auto" and on_torch):
        try:
            runner: Runner = onnx_runner.open_runner(
                folder, settings, store / digest, threads=threads, int8=backend == "onnx-int8"
            )
            return TransformerEncoder(runner, identity)
        except onnx_runner.ExportError as error:
            if backend != "auto":
                msg = f"{error} Use backend='torch' for this model."
                raise DataError(msg) from error
            why = str(error)
        except MissingExtraError as error:
            if backend != "auto":
                raise
            why = str(error)
        message = f"{name} runs on torch, which is slower on a CPU, because ONNX Runtime cannot serve it: {why}"
        warnings.warn(message, RuntimeWarning, stacklevel=2)
    runner = torch_runner.open_runner(folder, settings, device=device, precision=precision, threads=threads)
    return TransformerEncoder(runner, identity)


def folder_name(model: str | Path, folder: Path) -> str:
    """Return the short name of a model for its identity: the last part of its name or path."""
    return str(model).rstrip("/").rsplit("/", 1)[-1] if not Path(model).exists() else folder.resolve().name


def weights_digest(folder: Path, settings: Settings) -> str:
    """Return a hash of all files of a model that decide its vectors, and of the settings."""
    found = hashlib.blake2b(digest_size=16)
    found.update(json.dumps([settings.prompt, settings.max_length]).encode())
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and decides_vectors(inside):
            found.update(f"\0{inside.as_posix()}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    found.update(block)
    return found.hexdigest()


def cache_root() -> Path:
    """Return the folder for what can be made again: ``$TEXTNORM_CACHE``, or ``textnorm`` in the user's cache."""
    named = os.environ.get("TEXTNORM_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "textnorm"


def default_threads() -> int:
    """Return how many CPU threads a worker should use.

    ``OMP_NUM_THREADS`` where it is set. Else one where the machine is busy (its load is above half of the cores),
    because threads that wait for each other collapse on an oversubscribed machine; else all cores of this process.
    """
    named = os.environ.get("OMP_NUM_THREADS", "")
    if named.isdigit() and int(named):
        return int(named)
    cores = _cores()
    try:
        busy = os.getloadavg()[0] > cores / 2
    except (OSError, AttributeError):  # no load average on this system
        busy = False
    return 1 if busy else cores


def _cores() -> int:
    affinity: Callable[[int], Any] | None = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1

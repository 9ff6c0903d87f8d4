"""Transformers on torch: half precision and pinned transfers on a GPU, float32 on a CPU."""

from __future__ import annotations

import sys
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.encoders.batching import (
    PROBES,
    TOKENS_CPU,
    TOKENS_GPU,
    Batch,
    Precision,
    Settings,
    agree,
    encode_sorted,
)
from textnorm.errors import DataError, MissingExtraError, UsageError

#: Batches on their way to or from a GPU at once.
IN_FLIGHT = 2
#: Texts that are read (tokenized) at once, while the ones before them are computed.
SLICE = 8_192


def sees_gpu() -> bool:
    """Return whether torch has a CUDA device, without importing torch where that is plain (it takes seconds)."""
    if "torch" not in sys.modules:
        try:
            build = version("torch")
        except PackageNotFoundError:
            return False
        drivers = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
        if build.endswith("+cpu") or (sys.platform == "linux" and not any(Path(path).exists() for path in drivers)):
            return False
    import torch

    return bool(torch.cuda.is_available())


def open_model(folder: Path, settings: Settings, device: str) -> Any:
    """Return the ``SentenceTransformer`` of a folder, on a device, ready to encode.

    Raises:
        MissingExtraError: sentence-transformers is not installed.
        DataError: the model cannot be loaded.
    """
    try:
        with quiet():
            from sentence_transformers import SentenceTransformer
    except ImportError as error:
        feature = f"The encoder {folder}"
        raise MissingExtraError(feature, "sentence-transformers", "encoders") from error
    with quiet():
        try:
            model = SentenceTransformer(str(folder), device=device)
        except Exception as error:  # whatever transformers, torch or safetensors raise on a broken folder
            lines = str(error).strip().splitlines() or [type(error).__name__]
            msg = f"The model in {folder} cannot be loaded: {lines[0]} Copy or download it again."
            raise DataError(msg) from error
    model.eval()
    # Weights may be stored in half precision: what decides otherwise does so later, on purpose.
    model.float()
    if settings.max_length is not None:
        limit = model.max_seq_length
        if limit is not None and settings.max_length > limit:
            msg = f"max_length is {settings.max_length}, but the model in {folder} reads {limit} tokens at most."
            raise UsageError(msg)
        model.max_seq_length = settings.max_length
    return model


def prompt_of(model: Any, settings: Settings) -> str:
    """Return the text that is put before each text: the one asked for, or the model's default."""
    if settings.prompt is not None:
        return settings.prompt
    name = getattr(model, "default_prompt_name", None)
    return str((getattr(model, "prompts", None) or {}).get(name, "")) if name else ""


def open_runner(
    folder: Path, settings: Settings, *, device: str | None, precision: Precision, threads: int
) -> TorchRunner:
    """Return a runner on ``device`` (a GPU where there is one, if ``None``).

    Raises:
        MissingExtraError: torch or sentence-transformers is not installed.
        UsageError: there is no such device.
        DataError: the model cannot be loaded.
    """
    try:
        import torch
    except ImportError as error:
        feature = f"The encoder {folder}"
        raise MissingExtraError(feature, "torch", "encoders") from error
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        first = str(error).strip().splitlines()[0]
        msg = f"The device '{device}' cannot be used: {first} Leave out the option device, or take 'cpu'."
        raise UsageError(msg) from error
    model = open_model(folder, settings, device)
    return TorchRunner(model, settings, device=device, precision=precision, threads=threads)


class TorchRunner:
    """Runs a ``SentenceTransformer``; see :class:`~textnorm.encoders.batching.Runner`.

    The loop is our own, so that batches are cut by tokens and copied from pinned memory. A model that this loop does
    not reproduce (images, instructions left out of the pooling …) runs by its own ``encode``.
    """

    name = "torch"

    def __init__(self, model: Any, settings: Settings, *, device: str, precision: Precision, threads: int) -> None:
        import torch

        self.model = model
        self.threads = threads
        self.device = torch.device(device)
        self.gpu = self.device.type == "cuda"
        self._cut = 1  # how often smaller than usual batches are
        self.prompt = prompt_of(model, settings)
        with quiet():
            theirs = self._plain(list(PROBES))
            self.dim = theirs.shape[1]
            try:
                self.own_loop = agree(self._sorted(list(PROBES)), theirs)
            except Exception:  # a model of another build than text in, one vector out: anything may go wrong
                self.own_loop = False
        # Only now, so that the two loops were compared in float32, where they agree to the last digits.
        chosen = ("float16" if self.gpu else "float32") if precision == "auto" else precision
        model.to(getattr(torch, chosen))

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Return a vector a text, not scaled."""
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            return self._sorted(texts) if self.own_loop else self._plain(texts)
        finally:
            torch.set_num_threads(before)

    def _sorted(self, texts: list[str]) -> NDArray[np.float32]:
        if len(texts) <= SLICE:
            return self._encoded(self._tokens(texts))
        # Texts of like length go together (by characters, until they are tokenized), the next ones read meanwhile.
        order = np.argsort([-len(text) for text in texts], kind="stable")
        slices = [order[start : start + SLICE] for start in range(0, len(texts), SLICE)]
        out = np.empty((len(texts), self.dim), dtype=np.float32)
        with ThreadPoolExecutor(1) as reader:
            ahead = reader.submit(self._tokens, [texts[i] for i in slices[0]])
            for k, rows in enumerate(slices):
                tokens = ahead.result()
                if k + 1 < len(slices):
                    ahead = reader.submit(self._tokens, [texts[i] for i in slices[k + 1]])
                out[rows] = self._encoded(tokens)
        return out

    @property
    def size(self) -> int:
        """Padded tokens of a batch."""
        return (TOKENS_GPU if self.gpu else TOKENS_CPU) // self._cut

    def _tokens(self, texts: list[str]) -> list[list[int]]:
        limit = self.model.max_seq_length
        prompted = [self.prompt + text for text in texts]
        found = self.model.tokenizer(prompted, truncation=limit is not None, max_length=limit, padding=False)
        return list(found["input_ids"])

    def _encoded(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        """Run tokenized texts; where a GPU's memory does not do, in smaller batches, in the end on the CPU."""
        import torch

        tokenizer = self.model.tokenizer
        while True:
            try:
                return encode_sorted(
                    tokens,
                    self._run,
                    dim=self.dim,
                    size=self.size,
                    filler=tokenizer.pad_token_id or 0,
                    left=tokenizer.padding_side == "left",
                )
            except torch.cuda.OutOfMemoryError:
                if not self.gpu:
                    raise
                self._shrink()

    def _shrink(self) -> None:
        """Halve the batches; from the size of a CPU's on, move to the CPU."""
        import torch

        torch.cuda.empty_cache()
        if self.size > TOKENS_CPU:
            self._cut *= 2
            return
        message = f"the memory of {self.device} does not do for batches of {self.size} tokens; it goes on on the CPU"
        warnings.warn(message, RuntimeWarning, stacklevel=2)
        self.device, self.gpu, self._cut = torch.device("cpu"), False, 1
        self.model.to("cpu").float()

    def _run(self, batches: Iterable[Batch]) -> Iterator[NDArray[np.float32]]:
        import torch

        waiting: deque[Any] = deque()
        typed = "token_type_ids" in self.model.tokenizer.model_input_names
        for ids, mask in batches:
            fields = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
            if self.gpu:
                fields = {key: value.pin_memory() for key, value in fields.items()}
            fields = {key: value.to(self.device, non_blocking=self.gpu) for key, value in fields.items()}
            if typed:
                fields["token_type_ids"] = torch.zeros_like(fields["input_ids"])
            with torch.inference_mode():
                waiting.append(self.model(fields)["sentence_embedding"].float())
            # The next batch is handed over before the last is waited for: copying and computing overlap.
            while len(waiting) >= (IN_FLIGHT if self.gpu else 1):
                yield waiting.popleft().cpu().numpy()
        while waiting:
            yield waiting.popleft().cpu().numpy()

    def _plain(self, texts: list[str]) -> NDArray[np.float32]:
        rows = self.model.encode(texts, prompt=self.prompt, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(rows, dtype=np.float32)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep warnings and progress bars of the libraries under a model off the user's screen."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from transformers.utils import logging as module
        except ImportError:
            yield
            return
        logging: Any = module
        shown = logging.is_progress_bar_enabled()
        level = logging.get_verbosity()
        logging.disable_progress_bar()
        logging.set_verbosity_error()
        try:
            yield
        finally:
            logging.set_verbosity(level)
            if shown:
                logging.enable_progress_bar()

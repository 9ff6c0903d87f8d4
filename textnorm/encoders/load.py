"""One function that opens any encoder by name or path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textnorm.encoders.adapter import is_adapter
from textnorm.encoders.joint import SIGN, JointEncoder
from textnorm.encoders.protocol import Encoder
from textnorm.encoders.static import is_static
from textnorm.errors import PluginError, UsageError
from textnorm.registry import encoders

STATIC, ADAPTER, TRANSFORMER = "textnorm.static.v1", "textnorm.adapter.v1", "textnorm.transformer.v1"


def load_encoder(spec: str | Path, *, cache: str | Path | None = None, **options: Any) -> Encoder:
    """Return an encoder.

    Args:
        spec: the folder of a static model or an adapter; ``"minilm"``; the folder or the hub name of a
            sentence-transformers model; the registered name of a plugin, whose factory gets ``options``; or several of
            these joined by ``+``, in equal shares (:class:`~textnorm.encoders.joint.JointEncoder`).
        cache: folder that keeps vectors between runs (:class:`~textnorm.encoders.cache.CachedEncoder`).
        options: for a static model ``mmap``; for a transformer, also under an adapter, those of
            :func:`~textnorm.encoders.transformer.load_transformer`.

    Raises:
        UsageError: there is no such encoder, or it does not know an option.
        MissingExtraError: it needs packages that are not installed.
        DataError: its folder is damaged or of a newer version.
    """
    if isinstance(spec, str) and SIGN in spec and not Path(spec).exists() and spec not in encoders.names():
        if options:
            msg = f"The encoder {spec} takes no options ({', '.join(options)}): give them to its members in Python."
            raise UsageError(msg)
        return JointEncoder([load_encoder(part.strip(), cache=cache) for part in spec.split(SIGN)])
    name, arguments = _resolve(spec)
    factory = encoders.get(name)
    try:
        encoder: Encoder = factory(*arguments, **options)
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):
            raise
        msg = f"The encoder {spec} ({name}) does not take these options: {error}."
        raise UsageError(msg) from error
    if not isinstance(encoder, Encoder):
        msg = f"The encoder '{name}' gave {type(encoder).__name__}, which has no identity, dim and encode."
        raise PluginError(msg)
    if cache is None:
        return encoder
    from textnorm.encoders.cache import CachedEncoder

    return CachedEncoder(encoder, cache)


def _resolve(spec: str | Path) -> tuple[str, tuple[str | Path, ...]]:
    """Return the registered name of the factory and what it is given."""
    if isinstance(spec, str):
        if not spec:
            msg = "The name of an encoder is empty."
            raise UsageError(msg)
        if spec in (STATIC, ADAPTER, TRANSFORMER):
            msg = f"'{spec}' is a kind of encoder: give the folder of a model, or a model's name."
            raise UsageError(msg)
        if spec in encoders.names():
            return spec, ()
        if spec == "static" and not Path(spec).exists():
            msg = "A static encoder is trained on names first: give the folder of a trained one."
            raise UsageError(msg)
    folder = Path(spec)
    return (STATIC if is_static(folder) else ADAPTER if is_adapter(folder) else TRANSFORMER), (spec,)

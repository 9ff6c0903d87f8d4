"""YAML files whose strings know their line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from textnorm.errors import DataError, UsageError
from textnorm.normalizers.phrasebook.errors import BookError, Located

#: Largest file that is read as a book.
MAX_BYTES = 64 * 1024 * 1024
_MERGE = "tag:yaml.org,2002:merge"
_SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SAFE):  # type: ignore[misc,valid-type]
    """The safe loader, strings with their place; a key that stands twice is an error."""

    path = ""


def _string(loader: _Loader, node: yaml.ScalarNode) -> Located:
    return Located(str(node.value), loader.path, node.start_mark.line + 1)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    merged: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        if key_node.tag == _MERGE:  # ``<<: *other``; the mapping's own keys come before those of the others
            others = loader.construct_object(value_node, deep=True)
            for other in others if isinstance(others, list) else [others]:
                if not isinstance(other, dict):
                    what = "'<<' takes a mapping, or a list of them"
                    raise BookError(what, Located("", loader.path, key_node.start_mark.line + 1))
                merged = {**other, **merged}
            continue
        key = loader.construct_object(key_node, deep=True)
        place = Located(str(key), loader.path, key_node.start_mark.line + 1)
        if isinstance(key, list | dict):
            what = "a key must be one word or number"
            raise BookError(what, place)
        if key in made:
            what = f"the key '{key}' stands there twice"
            raise BookError(what, place)
        made[place if isinstance(key, str) else key] = loader.construct_object(value_node, deep=True)
    return {**merged, **made} if merged else made


_Loader.add_constructor("tag:yaml.org,2002:str", _string)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds; strings are :class:`Located`.

    Raises:
        BookError: it is no YAML, or a key stands twice; names file and line.
        UsageError: it cannot be opened or is too large.
        DataError: it is not UTF-8.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            msg = f"{path}: larger than {MAX_BYTES // 2**20} MB; split the book."
            raise UsageError(msg)
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"{path}: not UTF-8 at byte {error.start}."
        raise DataError(msg) from error
    except OSError as error:
        msg = f"{path}: {error.strerror}."
        raise UsageError(msg) from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, name: str) -> Any:
    """Return what YAML text holds; ``name`` is said in errors.

    Raises:
        BookError: as :func:`read_yaml`.
    """
    loader = _Loader(text)
    loader.path = name
    try:
        return loader.get_single_data()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = mark.line + 1 if mark is not None else 0
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        msg = f"no YAML: {what}"
        raise BookError(msg, Located("", name, line)) from error
    except (ValueError, RecursionError) as error:
        what = "no YAML: nested too deeply" if isinstance(error, RecursionError) else f"no YAML: {error}"
        raise BookError(what, Located("", name)) from error
    finally:
        loader.dispose()

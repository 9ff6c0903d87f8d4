"""Pipeline configurations: ``.cfg`` files in spaCy's dialect (confection), resolved with textnorm's registries."""

from __future__ import annotations

import configparser
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from textnorm.errors import (
    ConfigError,
    PluginError,
    RulePackError,
    TextnormError,
    UnknownNameError,
    UsageError,
    choices,
)
from textnorm.pipeline import Pipeline
from textnorm.registry import KINDS

#: Keys of ``[textnorm]``: type, and how to say it.
FIELDS: dict[str, tuple[str, type]] = {
    "name": ("a string", str),
    "lang": ("a language code or null", str),
    "description": ("a string", str),
    "pipeline": ("a list of component names", list),
    "keep": ("a list of regular expressions", list),
}
#: Sections that may stand beside ``[textnorm]``; the last two only hold values for ``${paths.x}`` and ``${vars.x}``.
SECTIONS = ("textnorm", "components", "paths", "vars")
FILE = "pipeline.cfg"
#: Endings of phrasebooks, which stand for a pipeline of one component.
PHRASEBOOKS = (".yaml", ".yml")


def builtin_names() -> list[str]:
    """Return the names of the pipelines that ship, sorted."""
    folder = files("textnorm").joinpath("pipelines")
    return sorted(item.name[:-4] for item in folder.iterdir() if item.name.endswith(".cfg"))


def is_phrasebook(path: Path) -> bool:
    """Whether a path is a phrasebook: a YAML file, a folder with some, or Home Assistant's layout."""
    if path.is_dir():
        return (path / "sentences").is_dir() or any(item.suffix in PHRASEBOOKS for item in path.iterdir())
    return path.suffix in PHRASEBOOKS


def find(name_or_path: str | Path) -> Path:
    """Return the configuration file of a built-in name, a ``.cfg`` path or a model folder.

    Raises:
        UnknownNameError: neither a name nor a path; lists the names.
        UsageError: the path does not exist or holds no pipeline.
    """
    if isinstance(name_or_path, str) and name_or_path in builtin_names():
        return Path(str(files("textnorm").joinpath("pipelines", f"{name_or_path}.cfg")))
    path = Path(name_or_path)
    if path.is_dir():
        if (path / FILE).is_file():
            return path / FILE
        if is_phrasebook(path):
            return path
        msg = f"The folder {path} is no pipeline: it has no {FILE}."
        raise UsageError(msg)
    if path.is_file():
        if path.suffix == ".cfg" or is_phrasebook(path):
            return path
        msg = f"{path} is no pipeline: expected the name of a built-in, a .cfg file, a phrasebook or a model's folder."
        raise UsageError(msg)
    if (
        isinstance(name_or_path, Path)
        or path.suffix in (".cfg", *PHRASEBOOKS)
        or "/" in name_or_path
        or "\\" in name_or_path
    ):
        msg = f"There is no pipeline file {path}. Built-in pipelines: {', '.join(builtin_names())}."
        raise UsageError(msg)
    kind = "pipeline"
    raise UnknownNameError(kind, name_or_path, builtin_names())


@dataclass(frozen=True)
class Source:
    """A configuration that was read and checked, its components not yet made.

    Attributes:
        path: the file.
        name: of the pipeline; by default that of the file or the model's folder.
        config: all sections, references resolved.
        portable: the same, but ``${paths.folder}`` stands for itself: equal wherever the folder lies.
    """

    path: Path
    name: str
    config: dict[str, Any]
    portable: dict[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """The section ``[textnorm]``."""
        return dict(self.config["textnorm"])

    def build(self) -> Pipeline:
        """Make the components and the pipeline.

        Raises:
            ConfigError: an unknown plugin, option or wrong type; names file, section and key.
        """
        settings, blocks = self.settings, self.config.get("components", {})
        made: list[tuple[str, Any]] = []
        for label in settings["pipeline"]:
            if label not in blocks:
                what = f"the component '{label}' is listed but there is no section [components.{label}]"
                raise _error(self.path, "textnorm", "pipeline", f"{what}. {choices(label, blocks)}")
            section = f"components.{label}"
            if "@normalizers" not in blocks[label]:
                raise _error(self.path, section, "@normalizers", "this key must name the normalizer")
            made.append((label, self._resolve(blocks[label], section)))
        try:
            return Pipeline(
                made,
                name=self.name,
                lang=settings.get("lang"),
                keep=settings.get("keep", []),
                description=settings.get("description", ""),
                config=self.portable,
            )
        except ConfigError as error:
            raise ConfigError(_join(self.path, "textnorm", None, str(error))) from error

    def _resolve(self, block: Mapping[str, Any], section: str) -> Any:
        """Make what a block describes: a plugin where it has an ``@kind`` key, else a dictionary."""
        plain = {
            key: self._resolve(value, f"{section}.{key}") if isinstance(value, dict) else value
            for key, value in block.items()
            if not key.startswith("@")
        }
        kinds = [key for key in block if key.startswith("@")]
        if not kinds:
            return plain
        if len(kinds) > 1:
            raise _error(self.path, section, kinds[1], f"one block makes one thing, but {kinds[0]} is there too")
        key = kinds[0]
        if key[1:] not in KINDS:
            raise _error(self.path, section, key, f"there is no such registry. {choices(key[1:], KINDS)}")
        try:
            factory = KINDS[key[1:]].get(str(block[key]))
        except UnknownNameError as error:
            raise _error(self.path, section, key, str(error)) from error
        except PluginError as error:
            raise PluginError(_join(self.path, section, key, str(error))) from error
        self._check_options(factory, plain, section)
        try:
            return factory(**plain)
        except (RulePackError, PluginError) as error:
            raise type(error)(_join(self.path, section, _guilty(plain, error), str(error))) from error
        except (UsageError, TypeError, ValueError) as error:
            raise _error(self.path, section, _guilty(plain, error), str(error)) from error
        except TextnormError:
            raise
        except Exception as error:  # a stranger's factory may raise anything
            msg = _join(self.path, section, None, f"{block[key]} cannot be made: {type(error).__name__}: {error}")
            raise PluginError(msg) from error

    def _check_options(self, factory: Callable[..., Any], options: Mapping[str, Any], section: str) -> None:
        """Check names and, where the factory says them, simple types of options."""
        signature = inspect.signature(factory)
        names = [n for n, p in signature.parameters.items() if p.kind is not p.VAR_KEYWORD]
        try:
            signature.bind(**options)
        except TypeError as error:
            unknown = [n for n in options if n not in names]
            raise _error(self.path, section, unknown[0] if unknown else None, f"{error}. {_options(names)}") from error
        try:
            hints = get_type_hints(factory)
        except (NameError, TypeError, AttributeError):
            return  # types that only a checker can see
        for name, value in options.items():
            if name in names and not _fits(value, hints.get(name, Any)):
                raise _error(self.path, section, name, f"cannot be {value!r}; it takes {_said(hints[name])}")


def read(path: Path, overrides: Mapping[str, Any]) -> Source:
    """Read and check a configuration file; nothing is imported or made yet.

    Raises:
        ConfigError: it cannot be parsed, or a section, key or type is wrong.
    """
    if is_phrasebook(path):
        return _phrasebook(path, overrides)
    try:
        text = path.read_text(encoding="utf-8").removeprefix("\ufeff")  # some editors begin with it
    except UnicodeDecodeError as error:
        msg = f"{path}: not UTF-8 at byte {error.start}."
        raise ConfigError(msg) from error
    except OSError as error:
        msg = f"{path}: {error.strerror}."
        raise UsageError(msg) from error
    sections = {line.strip() for line in text.splitlines()}
    if "${paths.folder}" in text and "[paths]" not in sections:
        text, sections = f"{text}\n[paths]\n", {*sections, "[paths]"}
    with_paths = "[paths]" in sections
    # A value may be set in a section that a file leaves out ([components.nsw.options]), never in a component's stead.
    for key in overrides:
        section = key.rpartition(".")[0]
        if f"[{section}]" not in sections and f"[{section.rpartition('.')[0]}]" in sections - {"[components]"}:
            text, sections = f"{text}\n[{section}]\n", {*sections, f"[{section}]"}
    # The folder of the file is known by a name, so that a model's folder can be moved.
    config = _parse(path, text, {**overrides, **({"paths.folder": str(path.resolve().parent)} if with_paths else {})})
    portable = _parse(path, text, {**overrides, **({"paths.folder": "$${paths.folder}"} if with_paths else {})})
    for section in config:
        if section not in SECTIONS:
            raise _error(path, section, None, f"unknown section. {choices(section, SECTIONS)}")
    if "textnorm" not in config:
        raise _error(path, "textnorm", None, "this section is missing")
    settings = config["textnorm"]
    for key, value in settings.items():
        if key not in FIELDS:
            raise _error(path, "textnorm", key, f"unknown key. {choices(key, FIELDS)}")
        wanted, kind = FIELDS[key]
        fits = isinstance(value, kind) or (key == "lang" and value is None)
        if not fits or (kind is list and not all(isinstance(item, str) for item in value)):
            raise _error(path, "textnorm", key, f"must be {wanted}, not {value!r}")
    if "pipeline" not in settings:
        raise _error(path, "textnorm", "pipeline", "this key must list the components")
    components = config.get("components", {})
    for key, value in components.items():
        if not isinstance(value, dict):
            raise _error(path, "components", key, "only sections [components.NAME] belong here")
    stem = path.resolve().parent.name if path.name == FILE else path.stem
    return Source(path, settings.get("name", stem), config, portable)


def _phrasebook(path: Path, overrides: Mapping[str, Any]) -> Source:
    """Return the pipeline of one phrasebook; options by ``components.phrasebook.<option>``."""
    options = {key.rpartition(".")[2]: value for key, value in overrides.items()}

    def config(book: str) -> dict[str, Any]:
        block = {"@normalizers": "textnorm.phrasebook.v1", "book": book, **options}
        return {"textnorm": {"pipeline": ["phrasebook"]}, "components": {"phrasebook": block}}

    return Source(path, path.stem, config(str(path)), config(path.name))


def load(name_or_path: str | Path, *, overrides: Mapping[str, Any] | None = None) -> Pipeline:
    """Load a pipeline: a built-in name, a ``.cfg`` file, or a folder with a ``pipeline.cfg`` (a trained model).

    Args:
        name_or_path: a name wins over a file of the same name.
        overrides: values by dotted key, for example ``{"components.nsw.pack": "lt"}``.

    Raises:
        UnknownNameError: neither a name nor a path; lists the names.
        ConfigError: the configuration cannot be used; names file, section and key.
    """
    return read(find(name_or_path), overrides or {}).build()


def _parse(path: Path, text: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
    from confection import Config, ConfigValidationError

    try:
        with warnings.catch_warnings():
            # The library only warns of values in single quotes and takes the quotes as text.
            warnings.simplefilter("error", UserWarning)
            return dict(Config().from_str(text, overrides=dict(overrides)))
    except ConfigValidationError as error:
        # The library's own message prints the whole configuration; say only where and what.
        wrong = "; ".join(f"[{'.'.join(map(str, e['loc']))}] {e['msg']}" for e in error.errors or ())
        what = wrong or error.desc or error.title or "cannot be read"
    except configparser.InterpolationError as error:
        raise _error(path, error.section, error.option, _flat(error.message)) from None
    except (configparser.DuplicateOptionError, configparser.DuplicateSectionError) as error:
        key = getattr(error, "option", None)
        raise _error(path, error.section, key, f"stands there twice (line {error.lineno})") from None
    except (configparser.Error, KeyError, ValueError, UserWarning) as error:
        what = str(error)
    msg = f"{path}: {_flat(what)}"
    raise ConfigError(msg)


def _guilty(options: Mapping[str, Any], error: Exception) -> str | None:
    """Return the option that an error speaks of, by its name or else by its value."""
    message = str(error)
    by_name = (n for n in options if f"'{n}'" in message)
    words = {n: value for n, value in options.items() if isinstance(value, str) and value}
    # A name is quoted in a message; a path stands as it is.
    by_value = (n for n, value in words.items() if f"'{value}'" in message or ("." in value and value in message))
    return next(by_name, None) or next(by_value, None)


#: What JSON makes of a value, by the type that a factory asks for. Others are not checked.
_JSON: dict[Any, tuple[type, ...]] = {
    str: (str,),
    bool: (bool,),
    int: (int,),
    float: (int, float),
    NoneType: (NoneType,),
}


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value can be of a type; a type that is none of the simple ones takes anything."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return True  # the factory lists what exists
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in inner)
    if origin in (list, tuple, Sequence, Iterable):
        return isinstance(value, list) and (not inner or all(_fits(item, inner[0]) for item in value))
    if origin in (dict, Mapping):
        return isinstance(value, dict)
    if hint not in _JSON:
        return True
    return isinstance(value, _JSON[hint]) and (hint is bool or not isinstance(value, bool))


def _said(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("collections.abc.", "").replace("typing.", "")


def _flat(message: str) -> str:
    return " ".join(message.replace("'<string>'", "it").split())


def _options(names: list[str]) -> str:
    return f"Options: {', '.join(names)}." if names else "It takes no options."


def _join(path: Path, section: str, key: str | None, what: str) -> str:
    where = f"[{section}] {key}" if key else f"[{section}]"
    return f"{path}: {where}: {what}"


def _error(path: Path, section: str, key: str | None, what: str) -> ConfigError:
    return ConfigError(_join(path, section, key, what if what.endswith((".", ")")) else f"{what}."))

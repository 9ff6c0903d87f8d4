"""Registries of plugins: versioned names, entry points, and a miss that lists what exists.

Built-in components are declared here as ``name -> "module:attribute"`` and imported only when asked for, so listing
names costs nothing. Third parties register by entry point in the group of the kind (``textnorm.normalizers`` …).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import catalogue

from textnorm.errors import PluginError, UnknownNameError

#: Kinds of plugin and the built-in members of each.
BUILTIN: dict[str, dict[str, str]] = {
    "normalizers": {
        "textnorm.unicode.v1": "textnorm.normalizers.unicode:make_unicode",
        "textnorm.nsw.v1": "textnorm.normalizers.nsw:make_nsw",
        "textnorm.arabic.v1": "textnorm.normalizers.script.groundwork:make_arabic",
        "textnorm.script.v1": "textnorm.normalizers.script:make_script",
        "textnorm.phrasebook.v1": "textnorm.normalizers.phrasebook:make_phrasebook",
        "textnorm.coref.v1": "textnorm.normalizers.coref:make_coref",
        "textnorm.light_filter.v1": "textnorm.normalizers.light_filter:make_light_filter",
        "textnorm.keyphrases.v1": "textnorm.normalizers.keyphrases:make_keyphrases",
        "textnorm.language.v1": "textnorm.normalizers.corpus.language:make_language",
        "textnorm.pii.v1": "textnorm.normalizers.corpus.personal:make_pii",
        "textnorm.quality.v1": "textnorm.normalizers.corpus.quality:make_quality",
        "textnorm.duplicates.v1": "textnorm.normalizers.corpus.duplicates:make_duplicates",
        "textnorm.linker.v1": "textnorm.linking.normalizer:make_linker",
    },
    "readers": {
        "textnorm.lt.v1": "textnorm.languages.lt.reader:make_reader",
    },
    "encoders": {
        "textnorm.static.v1": "textnorm.encoders.static:load_static",
        "textnorm.adapter.v1": "textnorm.encoders.adapter:load_adapter",
        "textnorm.transformer.v1": "textnorm.encoders.transformer:load_transformer",
    },
    "generators": {
        "exact": "textnorm.linking.generators.exact:ExactFactory",
        "lexical": "textnorm.linking.generators.lexical:LexicalFactory",
        "words": "textnorm.linking.generators.lexical:WordsFactory",
        "abbreviations": "textnorm.linking.generators.abbreviations:AbbreviationsFactory",
        "translit": "textnorm.linking.generators.translit:TranslitFactory",
        "cognate": "textnorm.linking.generators.translit:CognateFactory",
        "dense": "textnorm.linking.generators.dense:DenseFactory",
        "mined": "textnorm.linking.generators.mined:MinedFactory",
    },
    "benchmarks": {
        "lt": "textnorm.bench.lt:run",
        "hubness": "textnorm.bench.hubness:run",
        "entities": "textnorm.bench.entities:run",
        "limit": "textnorm.bench.limit:run",
        "names": "textnorm.bench.names:run",
        "phrases": "textnorm.bench.phrases:run",
        "script": "textnorm.bench.script:run",
        "throughput": "textnorm.bench.throughput:run",
        "titles": "textnorm.bench.titles:run",
    },
    # Kinds of step of 'textnorm run' beside normalizing: factory(column, target, **options) -> protocols.Step.
    "steps": {
        "encode": "textnorm.encoders.step:make_encode",
        "link": "textnorm.linking.step:make_link",
    },
    "inflectors": {
        "textnorm.lt.inflector.v1": "textnorm.languages.lt.forms:make_inflector",
    },
    "name_inflectors": {
        "textnorm.lt.names.v1": "textnorm.languages.lt.names:make_inflector",
    },
    "slot_readers": {
        "textnorm.en.number.v1": "textnorm.languages.en.spoken:make_number_reader",
        "textnorm.en.ordinal.v1": "textnorm.languages.en.spoken:make_ordinal_reader",
        "textnorm.en.date.v1": "textnorm.languages.en.spoken:make_date_reader",
        "textnorm.lt.number.v1": "textnorm.languages.lt.spoken:make_number_reader",
        "textnorm.lt.ordinal.v1": "textnorm.languages.lt.spoken:make_ordinal_reader",
        "textnorm.lt.date.v1": "textnorm.languages.lt.spoken:make_date_reader",
        "textnorm.lt.time.v1": "textnorm.languages.lt.spoken:make_time_reader",
    },
}


class Registry:
    """Factories of one kind of plugin, by versioned name.

    Look-up order: functions registered in this process, then entry points, then built-ins; so a user's function can
    stand in for a built-in of the same name on purpose, never by accident (registering a taken name raises).
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.group = f"textnorm.{kind}"
        self._builtin = BUILTIN.get(kind, {})
        self._local = catalogue.create("textnorm", kind)

    def register(self, name: str, *, replace: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return a decorator that registers a factory as ``name``.

        Raises:
            PluginError: the name is taken and ``replace`` is not set.
        """

        def add(factory: Callable[..., Any]) -> Callable[..., Any]:
            if not replace and name in self.names():
                msg = f"The {self.kind[:-1]} '{name}' is registered already; choose another name or pass replace=True."
                raise PluginError(msg)
            return self._local.register(name, func=factory)  # type: ignore[no-any-return]

        return add

    def _entry_points(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.group)}

    def names(self) -> list[str]:
        """Return every known name, sorted; nothing is imported."""
        return sorted({*self._builtin, *self._local.get_all(), *self._entry_points()})

    def origin(self, name: str) -> str:
        """Return where a name comes from: ``built-in``, ``registered`` or the distribution of its entry point."""
        if name in self._local:
            return "registered"
        point = self._entry_points().get(name)
        if point is not None:
            return point.dist.name if point.dist is not None else "entry point"
        if name in self._builtin:
            return "built-in"
        raise UnknownNameError(self.kind[:-1], name, self.names())

    def get(self, name: str) -> Callable[..., Any]:
        """Return the factory called ``name``.

        Raises:
            UnknownNameError: no such name; lists those that exist.
            PluginError: the plugin's module cannot be imported, or what it names is no factory.
        """
        if name in self._local:
            return self._local.get(name)  # type: ignore[no-any-return]
        point = self._entry_points().get(name)
        if point is not None:
            try:
                factory: Callable[..., Any] = point.load()
            except Exception as error:  # a stranger's module may raise anything
                what = (
                    str(error)
                    if isinstance(error, ImportError | AttributeError)
                    else f"{type(error).__name__}: {error}"
                )
                msg = f"The {self.kind[:-1]} '{name}' ({point.value}) cannot be loaded: {what}"
                raise PluginError(msg) from error
            if not callable(factory):
                msg = f"The {self.kind[:-1]} '{name}' ({point.value}) is no factory but {factory!r}."
                raise PluginError(msg)
            return factory
        if name in self._builtin:
            module, attribute = self._builtin[name].split(":")
            return getattr(import_module(module), attribute)  # type: ignore[no-any-return]
        raise UnknownNameError(self.kind[:-1], name, self.names())


normalizers = Registry("normalizers")
readers = Registry("readers")
encoders = Registry("encoders")
generators = Registry("generators")
benchmarks = Registry("benchmarks")
inflectors = Registry("inflectors")
name_inflectors = Registry("name_inflectors")
slot_readers = Registry("slot_readers")
steps = Registry("steps")
KINDS: dict[str, Registry] = {
    registry.kind: registry
    for registry in (
        normalizers,
        readers,
        encoders,
        generators,
        benchmarks,
        inflectors,
        name_inflectors,
        slot_readers,
        steps,
    )
}

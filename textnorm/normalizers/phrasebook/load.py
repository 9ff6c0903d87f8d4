"""Reading phrasebooks: one YAML file, a folder of them, or Home Assistant's layout ``sentences/<language>/``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any

import regex

from textnorm.errors import UsageError, choices
from textnorm.normalizers.phrasebook.book import (
    FRACTIONS,
    MAX_NUMBER,
    Block,
    Book,
    Example,
    PhraseClass,
    Settings,
    SlotList,
    Value,
)
from textnorm.normalizers.phrasebook.errors import BookError, Located, located
from textnorm.normalizers.phrasebook.template import Node, Text, is_template, parse
from textnorm.normalizers.phrasebook.tokens import forms
from textnorm.normalizers.phrasebook.yamlio import read_yaml

SUFFIXES = (".yaml", ".yml")
#: Lists in lists of a slot's value.
MAX_DEPTH = 6
#: Items in one value, those in its lists among them.
MAX_ITEMS = 100_000
#: Keys of a book's file. The last three are Home Assistant's and say nothing about matching.
KEYS = (
    "language", "settings", "classes", "layers", "lists", "expansion_rules", "skip_words", "frames", "intents",
    "examples", "counterexamples", "data", "responses", "metadata", "description",
)  # fmt: skip
BLOCK_KEYS = (
    "sentences", "slots", "requires_context", "excludes_context", "expansion_rules", "lists", "required_keywords",
    "canonical", "response", "metadata", "priority", "name_domains", "inferred_domain", "settings", "examples",
    "description",
)  # fmt: skip
LIST_KEYS = ("values", "range", "wildcard", "regex", "call", "examples", "inflect", "metadata", "description")
ENUMS = {"ties": ("abstain", "name"), "missing": ("error", "skip")}
RANGE_KEYS = (
    "type", "from", "to", "step", "fractions", "multiplier", "digits", "words", "words_language",
)  # fmt: skip


def load_book(path: str | Path, *, language: str | None = None) -> Book:
    """Read a phrasebook.

    Args:
        path: a YAML file, a folder of YAML files, a folder ``sentences/<language>`` of Home Assistant's layout, or the
            folder that holds ``sentences``.
        language: which language, where there are several.

    Raises:
        UsageError: the path is no book; a language is missing or unknown.
        BookError: a file cannot be used; names file and line.
    """
    base = Path(path)
    if not base.exists():
        msg = f"There is no phrasebook {base}."
        raise UsageError(msg)
    folder, from_layout = _folder(base, language)
    if folder.is_dir():
        # Files before folders: of two equal matches the first is taken, and folders hold the narrower sentences.
        found = sorted(
            (p for p in folder.rglob("*") if p.suffix in SUFFIXES and p.is_file()),
            key=lambda p: (len(p.relative_to(folder).parts), p.as_posix()),
        )
        if not found:
            msg = f"The folder {folder} holds no phrasebook: no {' or '.join(SUFFIXES)} files."
            raise UsageError(msg)
    else:
        found = [folder]
    digest = hashlib.sha256()
    book = Book(base.stem if base.is_file() else folder.name)
    if from_layout:
        book.settings = Settings(ties="name", best_slot="name", missing="skip", unknown=False)
    pages: list[tuple[Path, Mapping[Any, Any]]] = []
    for file in found:
        data = read_yaml(file)
        digest.update(file.relative_to(folder if folder.is_dir() else folder.parent).as_posix().encode())
        digest.update(file.read_bytes())
        if data is None:
            continue
        if not isinstance(data, dict):
            what = f"a book is a mapping of {', '.join(KEYS[:9])} …, not a {_kind(data)}"
            raise BookError(what, Located("", str(file), 1))
        pages.append((file, data))
    combinations = _combinations(folder) if from_layout else {}
    for file, data in pages:
        page = _Page(book, file, data)
        page.area_from_context = bool(combinations.get((file.parent.name, file.stem)))
        page.read()
    book.fingerprint = digest.hexdigest()[:32]
    if not book.blocks and not book.classes:
        what = "the book has neither frames (intents) nor classes"
        raise BookError(what, str(base))
    return book


def _folder(base: Path, language: str | None) -> tuple[Path, bool]:
    """Return the file or folder to read, and whether it has Home Assistant's layout."""
    if not base.is_dir():
        return base, False
    sentences = base / "sentences"
    if not sentences.is_dir():
        return base, base.parent.name == "sentences"
    known = sorted(p.name for p in sentences.iterdir() if p.is_dir())
    if language is None and len(known) == 1:
        language = known[0]
    if language is None:
        msg = f"{base} has books of several languages; choose one with --language. {choices('', known)}"
        raise UsageError(msg)
    if language not in known:
        msg = f"{base} has no book of the language '{language}'. {choices(language, known)}"
        raise UsageError(msg)
    return sentences / language, True


def _combinations(folder: Path) -> dict[tuple[str, str], bool]:
    """Return which (intent, slot combination) take the speaker's area, from the layout's ``intents.yaml``."""
    path = folder.parent.parent / "intents.yaml"
    if not path.is_file():
        return {}
    data = read_yaml(path)
    made: dict[tuple[str, str], bool] = {}
    for intent, body in (data if isinstance(data, dict) else {}).items():
        for name, facts in (body.get("slot_combinations") or {}).items() if isinstance(body, dict) else ():
            made[str(intent), str(name)] = isinstance(facts, dict) and facts.get("context_area") is True
    return made


def _kind(value: Any) -> str:
    return {dict: "mapping", list: "list", type(None): "nothing"}.get(type(value), "single value")


class _Page:
    """One file on its way into the book."""

    def __init__(self, book: Book, file: Path, data: Mapping[Any, Any]) -> None:
        self.book = book
        self.file = file
        self.data = data
        self.here = Located("", str(file), 1)
        self.area_from_context = False

    # -- checks ------------------------------------------------------------------------------------------------------
    def at(self, value: Any) -> Located:
        """Return the place of a value, or the nearest that is known."""
        if isinstance(value, Located):
            return value
        inside: Iterable[Any] = ()
        if isinstance(value, dict):
            inside = [*value.keys(), *value.values()]
        elif isinstance(value, list):
            inside = value
        for item in inside:
            place = self.at(item)
            if place.line and place is not self.here:
                return place
        return self.here

    def mapping(self, value: Any, what: str, at: Any) -> dict[Any, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            msg = f"{what} must be a mapping, not a {_kind(value)}"
            raise BookError(msg, self.at(at))
        return value

    def strings(self, value: Any, what: str, at: Any) -> list[Located]:
        items = [value] if isinstance(value, str) else value
        if items is None:
            return []
        if not isinstance(items, list):
            msg = f"{what} must be a list of strings, not a {_kind(value)}"
            raise BookError(msg, self.at(at))
        made = []
        for item in items:
            if not isinstance(item, str):
                hint = " (put quotes round words such as on, off, yes, no)" if isinstance(item, bool) else ""
                shown = _kind(item) if isinstance(item, list | dict) else repr(item)
                msg = f"{what} holds {shown}, which is no string{hint}"
                raise BookError(msg, self.at(at))
            made.append(located(item))
        return made

    def known(self, mapping: Mapping[Any, Any], keys: Iterable[str], what: str) -> None:
        for key in mapping:
            if key not in keys:
                msg = f"{what} has an unknown key '{key}'. {choices(str(key), keys)}"
                raise BookError(msg, self.at(key))

    # -- parts -------------------------------------------------------------------------------------------------------
    def read(self) -> None:
        """Put the file's parts into the book."""
        data, book = self.data, self.book
        self.known(data, KEYS, "the book")
        language = data.get("language")
        if language is not None:
            if not isinstance(language, str):
                what = f"language must be a code such as lt, not {language!r} (put quotes round 'no')"
                raise BookError(what, next(key for key in data if key == "language"))
            book.language = book.language or str(language)
        if "settings" in data:
            self.settings(self.mapping(data["settings"], "settings", "settings"))
        for layer, classes in enumerate(self.layers()):
            self.classes(classes, layer)
        book.rules.update(self.rules(data.get("expansion_rules")))
        book.lists.update(self.lists(data.get("lists")))
        for phrase in self.strings(data.get("skip_words"), "skip_words", data.get("skip_words")):
            book.skip.append((phrase, parse(phrase)))
        for key in ("intents", "frames"):
            for frame, body in self.mapping(data.get(key), key, data.get(key)).items():
                if not isinstance(frame, str) or not frame.strip():
                    what = f"a frame's name must be a string, not {frame!r} (put quotes round On, Off, Yes, No)"
                    raise BookError(what, self.at(body))
                self.frame(frame, body)
        if "data" in data:
            self.frame(Located(self.file.parent.name, str(self.file), 1), {"data": data["data"]})
        for text in self.strings(data.get("counterexamples"), "counterexamples", data.get("counterexamples")):
            book.examples.append(Example(text, None))
        if "examples" in data:
            what = "examples belong to a frame; only counterexamples stand at the top"
            raise BookError(what, self.at(data["examples"]))

    def settings(self, given: dict[Any, Any]) -> None:
        names = {f.name: f for f in fields(Settings)}
        for key, value in given.items():
            if key in ("ignore_whitespace", "filter_with_regex"):
                continue  # hassil's; tokens make the first needless, the second is void there, too
            if key not in names:
                msg = f"unknown setting '{key}'. {choices(str(key), names)}"
                raise BookError(msg, self.at(key))
            default = getattr(Settings(), key)
            if isinstance(value, bool) != isinstance(default, bool) or not isinstance(value, type(default)):
                msg = f"the setting '{key}' cannot be {value!r}"
                raise BookError(msg, self.at(key))
            if key == "skip_limit" and value < 0:
                msg = f"the setting '{key}' is at least 0, not {value}"
                raise BookError(msg, self.at(key))
            allowed = ENUMS.get(str(key))
            if allowed is not None and value not in allowed:
                msg = f"the setting '{key}' is '{allowed[0]}' or '{allowed[1]}', not '{value}'"
                raise BookError(msg, self.at(key))
            setattr(self.book.settings, key, str(value) if isinstance(value, str) else value)

    def layers(self) -> list[dict[Any, Any]]:
        """Return the layers of classes, lowest first."""
        layers = [self.mapping(self.data.get("classes"), "classes", self.data.get("classes"))]
        more = self.data.get("layers") or []
        if not isinstance(more, list):
            what = f"layers must be a list of mappings with 'classes', not a {_kind(more)}"
            raise BookError(what, self.at(more))
        for item in more:
            body = self.mapping(item, "a layer", more)
            self.known(body, ("classes", "name", "description"), "a layer")
            layers.append(self.mapping(body.get("classes"), "classes", item))
        return layers

    def classes(self, given: dict[Any, Any], layer: int) -> None:
        for name, variants in given.items():
            if not isinstance(name, str) or not forms(name):
                msg = f"a class needs a representative of at least one word, not {name!r}"
                raise BookError(msg, self.at(name))
            if name in self.book.classes:
                first = self.book.classes[name].representative.where
                msg = f"the class '{name}' stands at {first} already"
                raise BookError(msg, self.at(name))
            said = self.strings(variants, f"the class '{name}'", name)
            nodes = tuple(parse(variant) for variant in said)
            self.book.classes[name] = PhraseClass(located(name), tuple(said), nodes, layer)

    def rules(self, given: Any) -> dict[str, tuple[Located, Node]]:
        made: dict[str, tuple[Located, Node]] = {}
        for name, body in self.mapping(given, "expansion_rules", given).items():
            if not isinstance(body, str):
                msg = f"the rule <{name}> must be one template, not a {_kind(body)}"
                raise BookError(msg, self.at(name))
            made[str(name)] = (located(body), parse(body))
        return made

    def lists(self, given: Any) -> dict[str, SlotList]:
        mapping = self.mapping(given, "lists", given)
        return {str(name): self.slot_list(name, body) for name, body in mapping.items()}

    def slot_list(self, name: Any, body: Any) -> SlotList:
        at = self.at(name)
        what = f"the list '{name}'"
        given = self.mapping(body, what, name)
        self.known(given, LIST_KEYS, what)
        kinds = [key for key in ("values", "range", "wildcard", "regex", "call") if given.get(key) not in (None, False)]
        if len(kinds) != 1:
            found = f"it has {' and '.join(kinds)}" if kinds else "it has none"
            msg = f"{what} needs one of values, range, wildcard, regex, call; {found}"
            raise BookError(msg, at)
        examples = tuple(self.strings(given.get("examples"), f"{what}: examples", name))
        common: dict[str, Any] = {"name": str(name), "where": at.where, "examples": examples}
        kind = kinds[0]
        if kind == "values":
            inflect = bool(given.get("inflect", False))
            if not isinstance(given["values"], list) or not given["values"]:
                msg = f"{what}: values must be a list that is not empty"
                raise BookError(msg, at)
            values = tuple(self.value(item, what, name, inflect) for item in given["values"])
            return SlotList(kind="values", values=values, **common)
        if kind == "range":
            return self.range(self.mapping(given["range"], f"{what}: range", name), what, at, common)
        if kind == "regex":
            pattern = given["regex"]
            try:
                regex.compile(str(pattern))
            except regex.error as error:
                msg = f"{what}: the expression {str(pattern)!r} cannot be compiled: {error}"
                raise BookError(msg, at) from error
            return SlotList(kind="regex", pattern=str(pattern), **common)
        if kind == "call":
            return SlotList(kind="call", reader=str(given["call"]), **common)
        return SlotList(kind="wildcard", **common)

    def value(self, item: Any, what: str, at: Any, inflect: bool) -> Value:
        if isinstance(item, int | float) and not isinstance(item, bool):
            item = Located(str(item), str(self.file), self.at(at).line)
        if isinstance(item, str):
            text = located(item)
            if is_template(text):
                return Value(parse(text), text, None, None, inflect)
            if not forms(text):
                msg = f"{what}: the value {str(text)!r} holds no word"
                raise BookError(msg, text)
            return Value(Text(text), text, str(text), None, inflect)
        given = self.mapping(item, f"{what}: a value", at)
        self.known(given, ("in", "out", "context", "metadata", "inflect"), f"{what}: a value")
        said = given.get("in")
        if isinstance(said, int | float) and not isinstance(said, bool):
            said = Located(str(said), str(self.file), self.at(given).line)
        if not isinstance(said, str) or not said.strip():
            msg = f"{what}: a value needs 'in', a string"
            raise BookError(msg, self.at(given))
        text = located(said)
        context = plain(self.mapping(given.get("context"), f"{what}: context", at), text) or None
        out = plain(given.get("out"), text)
        own = bool(given.get("inflect", inflect))
        return Value(parse(text) if is_template(text) else Text(text), text, out, context, own)

    def range(self, given: dict[Any, Any], what: str, at: Located, common: dict[str, Any]) -> SlotList:
        self.known(given, RANGE_KEYS, f"{what}: range")
        try:
            start, stop = int(given["from"]), int(given["to"])
            step, multiplier = int(given.get("step", 1)), float(given.get("multiplier", 1.0))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            msg = f"{what}: a range needs numbers under 'from' and 'to'"
            raise BookError(msg, at) from error
        for key, made in (("from", start), ("to", stop), ("step", step)):
            if made != given.get(key, made) and not isinstance(given[key], str):
                msg = f"{what}: '{key}' of a range is a whole number, not {given[key]!r} ('multiplier' scales it)"
                raise BookError(msg, at)
        if max(map(abs, (start, stop, step))) > MAX_NUMBER or not abs(multiplier) <= MAX_NUMBER:
            msg = f"{what}: the numbers of a range are at most {MAX_NUMBER:,}"
            raise BookError(msg, at)
        if start > stop or step < 1:
            msg = f"{what}: the range from {start} to {stop} in steps of {step} is empty"
            raise BookError(msg, at)
        fractions = str(given.get("fractions") or "")
        if fractions and fractions not in FRACTIONS:
            msg = f"{what}: unknown fractions '{fractions}'. {choices(fractions, FRACTIONS)}"
            raise BookError(msg, at)
        return SlotList(
            kind="range", start=start, stop=stop, step=step, fractions=fractions, multiplier=multiplier,
            digits=bool(given.get("digits", True)), words=bool(given.get("words", True)), **common,
        )  # fmt: skip

    def frame(self, name: Any, body: Any) -> None:
        given = self.mapping(body, f"the frame '{name}'", name)
        if "data" in given:
            self.known(given, ("data", "description"), f"the frame '{name}' with 'data'")
        parts = given.get("data", [given] if "sentences" in given else None)
        if not isinstance(parts, list):
            msg = f"the frame '{name}' needs 'sentences', or 'data' with a list of them"
            raise BookError(msg, self.at(name))
        for part in parts:
            self.block(located(str(name)) if not isinstance(name, Located) else name, part)

    def block(self, frame: Located, body: Any) -> None:
        what = f"the frame '{frame}'"
        given = self.mapping(body, what, frame)
        self.known(given, BLOCK_KEYS, what)
        sentences = self.strings(given.get("sentences"), f"{what}: sentences", given or frame)
        if not sentences:
            msg = f"{what} has no sentences"
            raise BookError(msg, self.at(given or frame))
        canonical = given.get("canonical")
        if canonical is not None and not isinstance(canonical, str):
            msg = f"{what}: canonical must be one sentence"
            raise BookError(msg, self.at(canonical))
        priority = given.get("priority", 0)
        if not isinstance(priority, int) or isinstance(priority, bool):
            msg = f"{what}: priority must be a whole number, not {priority!r}"
            raise BookError(msg, self.at(given))
        keywords = given.get("required_keywords")
        block = Block(
            str(frame),
            sentences,
            [parse(sentence) for sentence in sentences],
            slots=plain(self.mapping(given.get("slots"), f"{what}: slots", frame), frame),
            requires=plain(self.mapping(given.get("requires_context"), f"{what}: requires_context", frame), frame),
            excludes=plain(self.mapping(given.get("excludes_context"), f"{what}: excludes_context", frame), frame),
            rules=self.rules(given.get("expansion_rules")),
            lists=self.lists(given.get("lists")),
            keywords=None if keywords is None else frozenset(forms(" ".join(self.strings(keywords, what, frame)))),
            canonical=None if canonical is None else located(canonical),
            response=given.get("response"),
            metadata=given.get("metadata"),
            priority=priority,
            where=sentences[0].where,
        )
        if self.area_from_context:
            block.offers["area"] = "area"
        # Home Assistant's short forms of a required context and of a fixed slot.
        if "name_domains" in given:
            block.requires.setdefault("domain", plain(given["name_domains"], frame))
        if "inferred_domain" in given:
            block.slots.setdefault("domain", str(given["inferred_domain"]))
        self.book.blocks.append(block)
        self.examples(block.frame, given.get("examples"), sentences[0])

    def examples(self, frame: str, given: Any, at: Located) -> None:
        """Read examples: sentences, or mappings of one sentence to its slots."""
        if given is not None and not isinstance(given, list):
            msg = f"the frame '{frame}': examples must be a list, not a {_kind(given)}"
            raise BookError(msg, self.at(given) if isinstance(given, str | dict) else at)
        for item in given or []:
            pairs = item.items() if isinstance(item, dict) else [(item, None)]
            for text, slots in pairs:
                if not isinstance(text, str):
                    msg = f"the frame '{frame}': an example is a sentence, not {text!r}"
                    raise BookError(msg, self.at(given))
                said = self.mapping(slots, "slots of an example", text)
                wanted = None if slots is None else plain(said, located(text))
                self.book.examples.append(Example(located(text), frame, wanted))


def lists_of(path: Path, data: Mapping[Any, Any], lists: Any) -> dict[str, SlotList]:
    """Return the slot lists of a part of a YAML file.

    Args:
        path: the file, said in errors.
        data: all of it.
        lists: the part.

    Raises:
        BookError: they cannot be used; names file and line.
    """
    return _Page(Book(path.stem), path, data).lists(lists)


def plain(value: Any, at: Located | str = "") -> Any:
    """Return a value of YAML without the places of its strings.

    Args:
        value: what YAML holds.
        at: its place, said in errors.

    Raises:
        BookError: it is nested too deeply or too large (aliases in aliases grow without end), a number is not finite,
            or JSON has no such value.
    """
    left = MAX_ITEMS

    def copy(value: Any, depth: int) -> Any:
        nonlocal left
        left -= 1
        if depth > MAX_DEPTH or left < 0:
            what = f"values are nested more than {MAX_DEPTH} deep, or more than {MAX_ITEMS:,} in one"
            raise BookError(what, at)
        if isinstance(value, dict):
            return {copy(k, depth + 1): copy(v, depth + 1) for k, v in value.items()}
        if isinstance(value, list):
            return [copy(item, depth + 1) for item in value]
        if isinstance(value, date):  # YAML reads 2024-03-05 as one; JSON has none
            return value.isoformat()
        if isinstance(value, float) and not isfinite(value):
            what = "numbers must be finite"
            raise BookError(what, at)
        if isinstance(value, str):
            return str(value)
        if value is not None and not isinstance(value, bool | int | float):
            what = f"a value must be one that JSON has, not {type(value).__name__}"
            raise BookError(what, at)
        return value

    return copy(value, 0)

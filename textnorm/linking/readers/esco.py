"""ESCO's CSV release: occupations, ISCO groups, skills and skill groups in all languages that are there.

The release (https://esco.ec.europa.eu, "CSV") is a folder or archive of files named by language, such as
``occupations_lt.csv`` or ``skills_en.csv``; the relations are in files without a language, in newer releases with one.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from textnorm.errors import DataError
from textnorm.linking.readers.base import Base

ISCO = "http://data.europa.eu/esco/isco/C"
OCCUPATIONS, SKILLS = "esco-occupations", "esco-skills"
#: File name without language and ending -> pillar and type of its concepts.
_CLASSES = {
    "occupations": (OCCUPATIONS, "occupation"),
    "ISCOGroups": (OCCUPATIONS, "isco_group"),
    "skills": (SKILLS, "skill"),
    "skillGroups": (SKILLS, "skill_group"),
}
_BROADER = {"broaderRelationsOccPillar": OCCUPATIONS, "broaderRelationsSkillPillar": SKILLS}
_NEEDS = "occupationSkillRelations"
_FILE = re.compile(r"(?P<what>[A-Za-z]+?)(?:_(?P<lang>[a-z]{2,3}(?:-[A-Za-z]+)?))?\.csv")
#: Language whose skill labels are the attributes of occupations, where it is there; else the first in the alphabet.
_FIRST = "en"
_RELEASED = "released"


@dataclass
class _File:
    """One CSV file of a release, in a folder or an archive."""

    what: str
    lang: str | None
    label: str
    place: Path
    member: str | None = None

    def open(self) -> IO[bytes]:
        """Open it for reading."""
        if self.member is None:
            return self.place.open("rb")
        return zipfile.ZipFile(self.place).open(self.member)


@dataclass
class _Read:
    """What has been read so far."""

    base: Base = field(default_factory=Base)
    labels: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    left_out: int = 0


def read_esco(paths: Sequence[str], form: str = "esco") -> Base:
    """Return the concepts of a release with their names in all languages that are there.

    Names: ``preferredLabel`` has kind ``preferred``, a line of ``altLabels`` ``synonym``, of ``hiddenLabels``
    ``hidden``. Parents: the broader concepts of the relation files, and of an occupation its ISCO group; without
    relation files ISCO groups follow from their codes. Types: ``occupation``, ``isco_group``, ``skill`` (and
    ``knowledge`` or ``skill/competence``), ``skill_group``. Attributes of an occupation: the labels of its skills, the
    essential ones first, in English where it is there.

    Args:
        paths: folders, archives and single files, which together are one release.
        form: ``esco-occupations`` or ``esco-skills`` for one pillar alone.

    Raises:
        DataError: there is no file of a release, a file is damaged or lacks a column, or a row has no id or label.
    """
    files = [file for path in paths for file in _files(path)]
    wanted = [file for file in files if file.what in _CLASSES and form in ("esco", _CLASSES[file.what][0])]
    if not wanted:
        told = ", ".join(f"{name}_en.csv" for name in _CLASSES)
        msg = f"{', '.join(paths)}: none of the files of ESCO's CSV release is there ({told} …)."
        raise DataError(msg)
    held = _Read()
    first = _FIRST if any(file.lang == _FIRST for file in files) else min(file.lang or "" for file in wanted)
    for file in files:
        if file.what == "skills" and (file.lang or "") == first:
            held.labels = {row["conceptUri"]: row["preferredLabel"].strip() for _, row in _rows(file, _LABELS)}
    for file in wanted:
        _read_concepts(file, held)
    _put_broader([file for file in files if _BROADER.get(file.what) in ((form,) if form != "esco" else _CLASSED)], held)
    _put_groups(held)
    _put_skills([file for file in files if file.what == _NEEDS], held)
    if held.left_out:
        held.base.notes.append(f"{', '.join(paths)}: {held.left_out:,} concepts are not 'released' and were left out")
    return held.base


_LABELS = ("conceptUri", "preferredLabel")
_CLASSED = (OCCUPATIONS, SKILLS)


def _files(path: str) -> Iterator[_File]:
    place = Path(path)
    found: list[tuple[str, str, Path, str | None]]
    if place.is_dir():
        found = [(entry.name, str(entry), entry, None) for entry in sorted(place.rglob("*.csv"))]
    elif place.suffix.lower() == ".zip":
        try:
            with zipfile.ZipFile(place) as archive:
                members = sorted(archive.namelist())
        except zipfile.BadZipFile as error:
            msg = f"{path}: damaged or no ZIP archive: {error}."
            raise DataError(msg) from error
        found = [(Path(name).name, f"{path}: {name}", place, name) for name in members]
    else:
        found = [(place.name, path, place, None)]
    for name, label, where, member in found:
        match = _FILE.fullmatch(name)
        if match is not None:
            yield _File(match["what"], match["lang"], label, where, member)


def _rows(file: _File, needed: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield place and fields of each row."""
    try:
        with file.open() as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            if missing:
                msg = f"{file.label}: there is no column '{missing[0]}'; is it a file of ESCO's CSV release?"
                raise DataError(msg)
            for row in reader:
                where = f"{file.label}, line {reader.line_num}"
                if None in row.values() or None in row:
                    msg = f"{where}: the row has not as many fields as the header."
                    raise DataError(msg)
                yield where, row
    except UnicodeDecodeError as error:
        msg = f"{file.label}: invalid UTF-8 ({error.reason})."
        raise DataError(msg) from error
    except (csv.Error, zipfile.BadZipFile) as error:
        msg = f"{file.label}: damaged: {error}."
        raise DataError(msg) from error


def _read_concepts(file: _File, held: _Read) -> None:
    kind = _CLASSES[file.what][1]
    rows = []
    for where, row in _rows(file, _LABELS):
        concept, label = row["conceptUri"].strip(), " ".join(row["preferredLabel"].split())
        if row.get("status", _RELEASED).strip() not in (_RELEASED, ""):
            held.left_out += 1
            continue
        if not concept:
            msg = f"{where}: conceptUri is empty."
            raise DataError(msg)
        if not label:
            msg = f"{where}: preferredLabel of '{concept}' is empty."
            raise DataError(msg)
        seen = {label}
        rows.append((concept, label, file.lang, "preferred", None, None))
        for column, name_kind in (("altLabels", "synonym"), ("hiddenLabels", "hidden")):
            for line in (row.get(column) or "").split("\n"):
                text = " ".join(line.split())
                if text and text not in seen:
                    seen.add(text)
                    rows.append((concept, text, file.lang, name_kind, None, None))
        facts = held.base.concepts.setdefault(concept, {"parents": [], "types": [], "attributes": []})
        facts["types"] = list(dict.fromkeys([*facts["types"], kind, *filter(None, [row.get("skillType", "").strip()])]))
        group = row.get("iscoGroup", "").strip()
        if group:
            held.groups[concept] = f"{ISCO}{group}"
    held.base.names.extend(rows)


def _put_broader(files: Sequence[_File], held: _Read) -> None:
    for file in files:
        for _, row in _rows(file, ("conceptUri", "broaderUri")):
            _add(held, row["conceptUri"].strip(), "parents", row["broaderUri"].strip())


def _put_groups(held: _Read) -> None:
    for concept, group in held.groups.items():
        _add(held, concept, "parents", group)
    for concept, facts in held.base.concepts.items():
        code = concept.removeprefix(ISCO)
        if code != concept and len(code) > 1 and f"{ISCO}{code[:-1]}" in held.base.concepts and not facts["parents"]:
            facts["parents"].append(f"{ISCO}{code[:-1]}")


def _put_skills(files: Sequence[_File], held: _Read) -> None:
    optional = []
    for file in files:
        for _, row in _rows(file, ("occupationUri", "relationType", "skillUri")):
            label = held.labels.get(row["skillUri"])
            if label is None:
                continue
            if row["relationType"] == "essential":
                _add(held, row["occupationUri"].strip(), "attributes", label)
            else:
                optional.append((row["occupationUri"].strip(), label))
    for concept, label in optional:
        _add(held, concept, "attributes", label)


def _add(held: _Read, concept: str, what: str, value: str) -> None:
    """Add a value to a concept that was read, once."""
    facts = held.base.concepts.get(concept)
    if facts is not None and value and value not in facts[what]:
        facts[what].append(value)

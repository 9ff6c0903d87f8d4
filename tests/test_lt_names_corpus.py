"""The Lithuanian set of names: whole, built from its markup, halves apart."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter, defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CORPUS = Path(__file__).resolve().parent.parent / "corpora" / "lt"
HALVES = ("dev", "test")


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("names_build", CORPUS / "names_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def documents(half: str) -> list[dict[str, Any]]:
    lines = (CORPUS / f"names_{half}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("half", HALVES)
def test_files_are_what_the_markup_says(build: ModuleType, half: str) -> None:
    source = (CORPUS / f"names_{half}.txt").read_text(encoding="utf-8")
    made = build.render(build.parse(source))
    assert made == (CORPUS / f"names_{half}.jsonl").read_text(encoding="utf-8")


def test_halves_are_those_of_the_seed(build: ModuleType) -> None:
    dev, test = ({row["id"] for row in documents(half)} for half in HALVES)
    assert not dev & test
    assert (dev, test) == build.halves(sorted(dev | test))
    assert len(dev) >= 36
    assert len(test) >= 36


@pytest.mark.parametrize("half", HALVES)
def test_mentions_stand_where_they_say(half: str) -> None:
    for row in documents(half):
        last = -1
        for mention in row["mentions"]:
            assert row["text"][mention["start"] : mention["end"]] == mention["text"], (row["id"], mention)
            # The tokens of a mention are its text, but for spaces: offsets in tokens and in code points agree.
            tokens = row["tokens"][mention["s"] : mention["e"] + 1]
            assert "".join(tokens) == mention["text"].replace(" ", ""), (row["id"], mention)
            assert mention["s"] > last, f"{row['id']}: '{mention['text']}' overlaps the mention before it"
            last = mention["e"]
            assert mention["t"] == row["clusters"][mention["c"]]["type"]
        assert "".join(row["tokens"]) == "".join(row["text"].split())


@pytest.mark.parametrize("half", HALVES)
def test_clusters_are_declared_and_used(half: str) -> None:
    types = {"person", "organization", "place", "event", "product", "other"}
    for row in documents(half):
        assert {mention["c"] for mention in row["mentions"]} == set(row["clusters"])
        assert {cluster["type"] for cluster in row["clusters"].values()} <= types
        assert all(cluster["canonical"].strip() for cluster in row["clusters"].values())


@pytest.mark.parametrize("half", HALVES)
def test_length_and_density(half: str) -> None:
    for row in documents(half):
        words = sum(token[0].isalnum() for token in row["tokens"])
        assert 60 <= words <= 180, f"{row['id']}: {words} words"
        assert len(row["mentions"]) >= 10, f"{row['id']}: {len(row['mentions'])} mentions"


@pytest.mark.parametrize("half", HALVES)
def test_each_half_exercises_what_it_is_for(half: str) -> None:
    rows = documents(half)
    types = Counter(mention["t"] for row in rows for mention in row["mentions"])
    assert all(types[kind] >= 4 for kind in ("person", "organization", "place", "product", "event"))
    women = 0
    homonyms = 0
    inflected = 0
    for row in rows:
        clusters_of = defaultdict(set)
        forms_of = defaultdict(set)
        for mention in row["mentions"]:
            clusters_of[mention["text"]].add(mention["c"])
            forms_of[mention["c"]].add(mention["text"])
        homonyms += sum(len(clusters) > 1 for clusters in clusters_of.values())
        inflected += sum(len(forms) > 1 for forms in forms_of.values())
        women += sum(
            cluster["type"] == "person" and cluster["canonical"].endswith(("ienė", "aitė", "ytė", "utė", "ūtė"))
            for cluster in row["clusters"].values()
        )
    assert women >= 20
    assert homonyms >= 2
    assert inflected >= 150


@pytest.mark.parametrize(
    ("marked", "complaint"),
    [
        ("== x y\np1 = A B\n[A B|p2] ir.", "not declared"),
        ("== x y\np1 = A B\nC ir.", "no mention of p1"),
        ("== x y\np1 = A\np1 = B\n[A|p1].", "declared twice"),
        ("== x y\np1 = Ona\n[On|p1]a ir.", "does not begin and end with a token"),
        ("== x y\np1 = Ona\n[Ona|p1] ir [Ona.", "broken markup"),
    ],
)
def test_broken_markup_is_named(build: ModuleType, marked: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        build.parse(marked)

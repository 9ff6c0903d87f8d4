"""The whole development text: no crash, twice is once, undo is exact, plain sentences stay as they are."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from textnorm import Pipeline, load

FILES = ("lt/text_news.txt.gz", "lt/text_law.txt.gz", "text/en_EWT.txt.gz")
pytestmark = [pytest.mark.data, pytest.mark.slow]
# A token that may be a non-standard word: a digit, a sign, capitals, a full stop inside a sentence, one letter.
NSW_LIKE = re.compile(
    r"[\d%‰§€$£°+=<>#@&²³½¼¾×÷±/]|\w*[A-ZĄČĘĖĮŠŲŪŽ]{2}|\b[IVXLC]+\b|\w\.(?=.)|\b\w\b|[\u00a0-\u00bf]|https?"
)


def chunks(path: Path, size: int = 2_000_000) -> Iterator[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as stream:
        while lines := stream.readlines(size):
            yield [line.rstrip("\n") for line in lines]


@pytest.fixture(scope="module")
def speech() -> Pipeline:
    return load("lt-speech")


@pytest.mark.parametrize("pipeline", ["lt-speech", "lt-clean", "unicode"])
@pytest.mark.parametrize("name", FILES)
def test_whole_text(name: str, pipeline: str, data_dir: Path) -> None:
    nlp = load(pipeline)
    for lines in chunks(data_dir / name):
        edits = nlp.edits(lines)
        once = edits.apply(lines)
        twice = nlp.edits(once).apply(once)
        assert [pair for pair in zip(once, twice, strict=True) if pair[0] != pair[1]][:5] == []
        assert edits.invert(lines).apply(once) == lines


@pytest.mark.parametrize("domain", ["news", "legal", "address"])
def test_every_domain_reads_once(domain: str, data_dir: Path) -> None:
    nlp = load("lt-speech", overrides={"components.nsw.domain": domain})
    for name in FILES[:2]:
        lines = next(chunks(data_dir / name))
        edits = nlp.edits(lines)
        once = edits.apply(lines)
        assert [pair for pair in zip(once, nlp.edits(once).apply(once), strict=True) if pair[0] != pair[1]][:5] == []
        assert edits.invert(lines).apply(once) == lines


def test_news_without_nsw_stays(speech: Pipeline, data_dir: Path) -> None:
    plain = [line for lines in chunks(data_dir / FILES[0]) for line in lines if line and not NSW_LIKE.search(line)]
    assert len(plain) > 500
    changed = [(out.source, out.text) for out in speech.batch(plain) if out.changed]
    assert len(changed) <= 0.001 * len(plain), changed[:10]

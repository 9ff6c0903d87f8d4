"""Mapping tables and pairs: what is read, and what is refused with the line named."""

from __future__ import annotations

import gzip

import pytest

from textnorm.errors import DataError
from textnorm.normalizers.script.table import read_pairs, read_table, read_text
from textnorm.resources import rules_dir


def written(tmp_path, text, name="map.tsv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_with_alternatives_nothing_and_spaces(tmp_path):
    path = written(tmp_path, "source_char\ttarget_char\n# a comment\nه\tە\tھ\nه \tە\nNULL\tو\nˇ\tNULL\n\nch\tč\n")
    assert set(read_table(path)) == {("ه", "ە"), ("ه", "ھ"), ("ه ", "ە"), ("", "و"), ("ˇ", ""), ("ch", "č")}


def test_a_letter_may_also_be_right_as_it_is(tmp_path):
    assert set(read_table(written(tmp_path, "z\tž\tz\n"))) == {("z", "ž"), ("z", "z")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("s\tš\nz\n", ["line 2", "two columns"]),
        ("s\tš\nz\tž\tlonger\n", ["line 2", "unknown column 'longer'"]),
        ("Gorani\tPersian\ns\tš\n", ["line 1", "unknown column 'Gorani'", "source_char"]),
        ("s\t\tš\n", ["line 1", "empty column"]),
        ("NULL\tNULL\n", ["line 1", "nothing cannot stand for nothing"]),
        ("s\tš\ns\tš\n", ["line 2", "line 1 already"]),
        ("a\tb\nb\ta\n", ["loop", "a → b → a", "lines 1, 2"]),
        ("a\tb\nx\ty\nb\tc\nc\ta\n", ["loop", "lines 1, 3, 4"]),
        ("", ["no mappings"]),
        ("# nothing\n\n", ["no mappings"]),
    ],
)
def test_a_table_that_cannot_be_used_names_its_line(tmp_path, text, words):
    path = written(tmp_path, text)
    with pytest.raises(DataError) as caught:
        read_table(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_a_diamond_is_no_loop(tmp_path):
    assert len(read_table(written(tmp_path, "a\tb\tc\nb\td\nc\td\n"))) == 4


def test_our_own_tables_can_be_read():
    tables = sorted((rules_dir() / "script").glob("*.tsv"))
    assert len(tables) > 10
    for path in tables:
        assert read_table(path)


def test_pairs_that_do_not_align_are_told_and_left_out(tmp_path):
    text = "svente buvo cia\tšventė buvo čia\nvisai kitas dalykas\tzzzz qqqq wwww xxxx\nzodis\nas\taš\n"
    pairs, apart = read_pairs(written(tmp_path, text))
    assert pairs == [("svente buvo cia", "šventė buvo čia"), ("as", "aš")]
    assert apart == [2, 3]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\tb\tc\n", ["line 1", "3 columns"]),
        ("x\ny\nas\taš\n", ["2 of 3", "line 1"]),
        ("noisy\tclean\n", ["no pairs"]),
    ],
)
def test_pairs_that_cannot_be_used(tmp_path, text, words):
    with pytest.raises(DataError) as caught:
        read_pairs(written(tmp_path, text))
    for word in words:
        assert word in str(caught.value)


def test_a_header_of_pairs_is_no_pair(tmp_path):
    assert read_pairs(written(tmp_path, "noisy\tclean\nas\taš\n")) == ([("as", "aš")], [])
    assert read_pairs(written(tmp_path, "as\taš\nnoisy\tclean\n"))[0][1] == ("noisy", "clean")


def test_text_is_read_plain_and_packed(tmp_path):
    packed = tmp_path / "a.txt.gz"
    packed.write_bytes(gzip.compress("ą\nb".encode()))
    assert read_text(packed) == read_text(written(tmp_path, "ą\nb", "a.txt")) == ["ą", "b"]
    damaged = tmp_path / "b.txt.gz"
    damaged.write_bytes(b"no gzip")
    with pytest.raises(DataError, match="cannot be read"):
        read_text(damaged)
    latin = tmp_path / "c.txt"
    latin.write_bytes("šą".encode("cp1257"))
    with pytest.raises(DataError, match="not UTF-8 at byte 0"):
        read_text(latin)

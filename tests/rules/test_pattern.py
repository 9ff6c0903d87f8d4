from __future__ import annotations

import pytest

from textnorm.rules.pattern import PatternError, derive, may_start_with


@pytest.mark.parametrize(
    ("pattern", "head"),
    [
        (r"\d{1,3}(?:,\d{1,2})?", r"(?:[\p{Nd}]){1,}"),
        (r"(?<=a)(?P<n>\d{2})(?= m\.)", r"(?:(?:[\p{Nd}]){2,})"),
        (r"pvz\.", r"pvz\x{2e}"),
    ],
)
def test_head_is_the_shortest_rare_prefix(pattern: str, head: str) -> None:
    assert derive(pattern).head == head


def test_lookahead_ends_the_scanning_form() -> None:
    assert derive(r"[IVX]{1,3}(?= a\.)x", bounded=False).full.endswith(r"\x{2e})")


def test_word_end_is_demanded_where_the_match_surely_ends_in_a_word() -> None:
    assert derive(r"[A-Z]{2,4}").full.endswith(r"(?:[^\pL\pN_]|$)")
    assert not derive(r"[A-Z]{2,4}", bounded=False).full.endswith("$)")
    assert not derive(r"[A-Z]{2,4}\.?").full.endswith("$)")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"\d+", "without a bound"),
        (r"a*b", "without a bound"),
        (r"(?:\d{1,3}){1,4}", "variable repeat inside"),
        (r"(?:a|(?:b{0,3}c){2,3}){1,2}x", "variable repeat inside"),
        (r"(", "parenthesis|unterminated"),
        (r"\d{1,99}", "at most 64"),
    ],
)
def test_what_can_backtrack_without_end_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(PatternError, match=why):
        derive(pattern)


def test_possessive_inner_repeat_is_allowed() -> None:
    assert derive(r"(?:\d{1,3}+ ){1,4}").full


@pytest.mark.parametrize(
    ("pattern", "may"),
    [
        (r" a", True),
        (r"a ", False),
        (r"(?<=\d)(?: |\u00a0)x", True),
        (r"(?:a|b|(?P<s> ?))x", True),
        (r"(?:-|\+)? ?x", True),
        (r"(?:-|\+)?x", False),
        (r"(?:(?:a)?){1,2} b", True),
        (r"[\s(]x", True),
        (r"[\w(]x", False),
        (r"[^a]x", True),
        (r"[!-/]x", False),
        (r"\b(?=x)(?:[A-Z]){1,3} ", False),
        (r"(?:a{0,2}|b) ", True),
        (r".x", True),
    ],
)
def test_what_a_pattern_may_start_with(pattern: str, may: bool) -> None:
    assert may_start_with(pattern, " ") is may

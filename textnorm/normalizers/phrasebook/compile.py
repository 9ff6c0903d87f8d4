"""A book made ready to match: its own lists and those a user gives, morphology where its language has any."""

from __future__ import annotations

from collections.abc import Mapping

from textnorm.normalizers.phrasebook.book import Book, SlotList
from textnorm.normalizers.phrasebook.check import verify
from textnorm.normalizers.phrasebook.errors import BookError
from textnorm.normalizers.phrasebook.matcher import Matcher
from textnorm.normalizers.phrasebook.morphology import Language


def compile_book(book: Book, *, lists: Mapping[str, SlotList] | None = None, check: bool = True) -> Matcher:
    """Return a matcher.

    Args:
        book: the book; its lists are overlaid.
        lists: lists that are not in the book, or stand for its own.
        check: whether to refuse a book in which one sentence has two meanings (where it abstains on ties).

    Raises:
        BookError: the book cannot be compiled; names file and line.
    """
    if lists:
        book.lists = {**book.lists, **lists}
    try:
        matcher = Matcher(book, Language.of(book.language))
        if book.settings.ties == "abstain" and check:
            verify(matcher)
        return matcher
    except RecursionError as error:
        what = "templates or rules are nested too deeply"
        raise BookError(what, book.name) from error

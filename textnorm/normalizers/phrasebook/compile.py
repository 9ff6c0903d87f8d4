"""A book made ready to match: its own lists and those a user gives, morphology where its language has any."""

from __future__ import annotations

from collections.abc import Mapping

from textnorm.normalizers.phrasebook.book import Book, SlotList
from textnorm.normalizers.phrasebook.errors import BookError
from textnorm.normalizers.phrasebook.matcher import Matcher
from textnorm.normalizers.phrasebook.morphology import Language


def compile_book(book: Book, *, lists: Mapping[str, SlotList] | None = None) -> Matcher:
    """Return a matcher.

    Args:
        book: the book; its lists are overlaid.
        lists: lists that are not in the book, or stand for its own.

    Raises:
        BookError: the book cannot be compiled; names file and line.
    """
    if lists:
        book.lists = {**book.lists, **lists}
    try:
        return Matcher(book, Language.of(book.language))
    except RecursionError as error:
        what = "templates or rules are nested too deeply"
        raise BookError(what, book.name) from error

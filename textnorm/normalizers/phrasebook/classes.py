"""Equivalence classes: templates in which a representative stands for its whole class."""

from __future__ import annotations

from textnorm.normalizers.phrasebook.book import Book
from textnorm.normalizers.phrasebook.errors import BookError
from textnorm.normalizers.phrasebook.template import EMPTY, Alt, Node, Perm, Seq, Text
from textnorm.normalizers.phrasebook.tokens import TOKEN, fold, forms


class Classes:
    """The equivalence classes of a book, unfolded where their representatives stand in a template."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.by_tokens = {tuple(forms(name)): name for name in book.classes}
        self.longest = max(map(len, self.by_tokens), default=0)
        self.ready: dict[str, Node] = {}

    def unfold(self, node: Node, path: tuple[str, ...] = ()) -> Node:
        """Return a tree in which representatives stand for their whole class.

        Raises:
            BookError: a class holds itself by way of others.
        """
        if not self.by_tokens:
            return node
        if isinstance(node, Text):
            return self._text(node.text, False, False, path)
        if isinstance(node, Seq):
            made = []
            for i, item in enumerate(node.items):
                if isinstance(item, Text):
                    before = i > 0 and not item.text[:1].isspace()
                    behind = i + 1 < len(node.items) and _joins(item.text, node.items[i + 1])
                    made.append(self._text(item.text, before, behind, path))
                else:
                    made.append(self.unfold(item, path))
            return Seq(tuple(made))
        if isinstance(node, Alt | Perm):
            return type(node)(tuple(self.unfold(item, path) for item in node.items))
        return node

    def _text(self, text: str, joined_before: bool, joined_behind: bool, path: tuple[str, ...]) -> Node:
        found = list(TOKEN.finditer(text))
        words = [fold(m[0]) for m in found]
        parts: list[Node] = []
        done = i = 0
        while i < len(words):
            hit = 0
            for n in range(min(self.longest, len(words) - i), 0, -1):
                name = self.by_tokens.get(tuple(words[i : i + n]))
                glued = (joined_before and found[i].start() == 0) or (
                    joined_behind and found[i + n - 1].end() == len(text)
                )
                if name is not None and not glued and name != (path[-1] if path else None):
                    parts += [Text(text[done : found[i].start()]), self._class(name, path)]
                    done, hit = found[i + n - 1].end(), n
                    break
            i += hit or 1
        if not parts:
            return Text(text)
        return Seq((*parts, Text(text[done:])))

    def _class(self, name: str, path: tuple[str, ...]) -> Node:
        if name in self.ready:
            return self.ready[name]
        entry = self.book.classes[name]
        if name in path:
            round_ = " → ".join([*path[path.index(name) :], name])
            places = ", ".join(self.book.classes[n].representative.where for n in path[path.index(name) :])
            msg = f"classes go in a circle: {round_} ({places})"
            raise BookError(msg, entry.representative)
        if path and self.book.classes[path[-1]].layer < entry.layer:
            lower = self.book.classes[path[-1]]
            what = f"the class '{path[-1]}' of a lower layer uses '{name}' of a higher one"
            raise BookError(what, lower.representative)
        inner = (*path, name)
        variants = (self.unfold(node, inner) for node in entry.nodes)
        self.ready[name] = Alt((Text(entry.representative), *variants))
        return self.ready[name]

    def check(self) -> None:
        """Unfold every class.

        Raises:
            BookError: classes go in a circle, or a lower layer uses a higher one.
        """
        for name in self.book.classes:
            self._class(name, ())


def _joins(text: str, follower: Node) -> bool:
    """Whether a word at the end of a text may go on in the part behind it."""
    if not text or not text[-1].isalnum():
        return False
    first: Node | None = follower
    while isinstance(first, Seq):
        first = first.items[0] if first.items else None
    if isinstance(first, Text):
        return first.text[:1].isalnum()
    if isinstance(first, Alt | Perm):
        return any(_joins(text, item) for item in first.items if item != EMPTY)
    return first is not None

"""Makes tickets.tsv: invented support tickets, most with the invisible characters that copying leaves behind."""

from __future__ import annotations

import random
from pathlib import Path

QUEUES = {
    "billing": ["invoice", "refund", "payment", "charge", "receipt", "card"],
    "delivery": ["parcel", "courier", "address", "tracking", "delay", "package"],
    "account": ["password", "login", "profile", "email", "username", "settings"],
}
OPEN = ["Hello,", "Hi team,", "Good morning,", "Dear support,"]
MIDDLE = [
    "there is a problem with my {a} and the {b}.",
    "I have a question about the {a}, also the {b}.",
    "could you look at the {a}? The {b} seems wrong.",
    "my {a} is missing and nobody answers about the {b}.",
    "the {a} was fine yesterday, today the {b} is not.",
]
END = ["Thanks!", "Please help.", "Best regards", "It is urgent."]
DEBRIS = ["\u200b", "\u00ad", "\u2060", "\ufeff"]


def main() -> None:
    """Write the file beside this one."""
    rng = random.Random(7)
    rows = ["text\tqueue"]
    for _ in range(240):
        queue = rng.choice(sorted(QUEUES))
        a, b = rng.sample(QUEUES[queue], 2)
        text = f"{rng.choice(OPEN)} {rng.choice(MIDDLE).format(a=a, b=b)} {rng.choice(END)}"
        if rng.random() < 0.8:
            text = "".join(
                c + ("".join(rng.choices(DEBRIS, k=rng.randrange(1, 3))) if c.isalpha() else "") for c in text
            )
        rows.append(f"{text}\t{queue}")
    Path(__file__).with_name("tickets.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

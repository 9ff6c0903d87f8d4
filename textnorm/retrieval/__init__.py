"""Vectors to neighbours: folded indexes, hubness correction and its measures."""

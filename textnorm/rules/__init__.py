"""Rule packs: readings of non-standard words as data."""

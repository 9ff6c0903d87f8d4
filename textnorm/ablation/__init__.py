"""Does normalization help a classifier? Variants of the texts, cross-validation, paired intervals."""

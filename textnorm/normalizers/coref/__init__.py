"""One name, many written forms: co-reference normalization of names within a document."""

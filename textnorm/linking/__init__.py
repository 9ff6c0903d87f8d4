"""Names, in any language, linked to the concepts of a knowledge base that the user brings."""

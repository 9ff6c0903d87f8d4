"""Word lexicons: how the words of one language are said in another, mined from a base's own names or shipped."""

"""English: numbers and dates in words back to values."""

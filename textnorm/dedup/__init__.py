"""Exact and near duplicates in a corpus of any size: signatures, bands, clusters."""

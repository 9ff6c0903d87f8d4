"""Benchmarks that measure the product on data: one module each, run by ``textnorm bench NAME``."""

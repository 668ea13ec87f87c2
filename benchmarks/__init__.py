"""Benchmarks: speed and memory, measured in one run, with a naive implementation of Algorithm 1."""

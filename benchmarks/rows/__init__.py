"""The rows of the benchmarks, a module for each kind of work."""

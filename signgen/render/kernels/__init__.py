"""Compiled drawing kernels; import a module of this package only where it is about to run (numba is slow to load)."""

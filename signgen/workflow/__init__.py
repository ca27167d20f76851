"""Whole jobs, from input to finished files: what the command line, recipes and pages call."""

"""Poses to frames."""

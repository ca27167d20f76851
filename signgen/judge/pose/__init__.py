"""Scores of poses and motion: mask-aware, in shoulder widths from the neck, with signatures and intervals."""

"""Texts signed, and movements edited, with a checkpoint."""

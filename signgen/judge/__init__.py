"""Scores with signatures: of texts, of poses, of videos, and by translating back."""

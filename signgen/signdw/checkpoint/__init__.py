"""Trained networks in folders: cards, weights, vocabularies, isolated signs."""

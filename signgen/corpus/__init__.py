"""Corpora made from a grammar: sentences with glosses, and poses of made-up signers who sign them."""

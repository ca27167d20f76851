"""Text to glosses learnt from pairs: the nearest known text, and a phrase table after Koehn et al. (2003)."""

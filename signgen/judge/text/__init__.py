"""Scores of texts: BLEU, chrF, ROUGE, error rates, likelihoods, and the floors and intervals that give them meaning."""

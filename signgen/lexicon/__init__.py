"""Isolated signs and the way from text to them: lexicons, tokens, glosses, coverage."""

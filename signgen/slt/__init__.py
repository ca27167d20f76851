"""Sign-language translation: poses to text, trained and decoded; what judges are made of."""

"""How long glosses and sentences last, learnt from recordings whose glosses are aligned to their frames."""

"""The closed loop: made signing, chosen by one judge, learned from before the real set, and what that gains."""

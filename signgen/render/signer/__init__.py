"""The avatar's looks: skin, eyes, hair and clothes put on the baked body."""

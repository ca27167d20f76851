"""`tiny-flow`: a small video model in pixel space, trained from scratch on avatar renders."""

"""The page of `signgen view`."""

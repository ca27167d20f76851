"""The signer's body in three dimensions: a baked mesh with a skeleton, its movement, and poses from keypoints."""

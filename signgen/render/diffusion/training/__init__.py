"""Training of `controlnet` and of MimicMotion's PoseNet on videos beside the poses that they show."""

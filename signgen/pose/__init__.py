"""`PoseSequence`, the DWPose-128 layout, pure motion and geometry functions, layout conversion."""

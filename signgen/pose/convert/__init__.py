"""To and from the DWPose-128 layout: one module for each other layout of keypoints."""

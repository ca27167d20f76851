"""Video to poses: estimators behind one protocol, and who is who from frame to frame."""

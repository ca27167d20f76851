"""Training of the networks: what is learned from, the losses, the looks at dev clips."""

"""Stable Diffusion, 1.5 and XL, steered by pose pictures through a ControlNet; with AnimateDiff for motion."""

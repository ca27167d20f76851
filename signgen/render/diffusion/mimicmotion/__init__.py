"""MimicMotion (arXiv 2406.19680): Stable Video Diffusion that follows drawn poses, over stock diffusers networks."""

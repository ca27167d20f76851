"""What the renderers built on diffusion models share: windows, noise, schedules, the one loop, memory, weights."""

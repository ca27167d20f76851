"""Wan: video networks in the latents of a causal autoencoder, driven by pose pictures (VACE and Animate)."""

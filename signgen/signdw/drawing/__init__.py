"""Codes drawn from a network, step by step, and decoded."""

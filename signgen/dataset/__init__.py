"""Corpora to data sets: manifests, captions, poses and shards, built step by step and resumed at any point."""

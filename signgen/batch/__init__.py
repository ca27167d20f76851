"""Samples made in bulk: a plan, its shards, and who makes which."""

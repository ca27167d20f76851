"""The SignDW Transformer: text to pose, learned."""

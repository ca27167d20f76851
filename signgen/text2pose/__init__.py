"""Text to poses: replayed recordings, stitched signs."""

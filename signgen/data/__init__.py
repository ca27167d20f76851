"""Files in and out: poses, shards, video, captions, sidecars. Everything here distrusts its input."""

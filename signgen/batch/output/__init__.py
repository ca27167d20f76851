"""What a batch leaves behind: tar shards, index, card and metadata, and the check of all of them."""

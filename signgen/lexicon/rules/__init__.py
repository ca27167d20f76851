"""Rule sets: the grammar that puts the words of a spoken language into the order of a signed one."""

"""What networks share: streams of training data, blocks, tokenizers, checkpoints. Needs the extra ``[torch]``."""

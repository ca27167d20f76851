"""Movement as codes and back: parts of the signer, the motion tokenizer, its training and its report."""

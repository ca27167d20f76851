"""The network of codes: texts, plans and retrieved signs going in, streams of codes coming out."""

"""Layouts of known corpora as samples: one module each, registered by name, documented in docs/corpora.md."""

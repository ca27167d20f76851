"""The command line: verbs that parse, call one function of `signgen.workflow`, and print."""

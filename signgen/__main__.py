"""``python -m signgen`` and the ``signgen`` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from signgen.cli.main import run

    run()


if __name__ == "__main__":
    main()

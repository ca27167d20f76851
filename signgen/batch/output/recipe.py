"""What a batch was planned with, for its card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from signgen.batch.plan import PLAN, read_plan

# Whose keys sign the videos is nobody's business.
_PRIVATE = ("credentials",)


def recipe_of(folder: Path) -> str:
    """The settings of the plan as YAML that ``--config`` takes; empty where there is no plan.

    Raises:
        DataError: the plan is damaged.
    """
    import yaml

    if not (folder / PLAN).is_file():
        return ""
    plan = read_plan(folder)
    values: dict[str, Any] = {name: value for name, value in plan.settings.items() if name not in _PRIVATE}
    values |= {"vary": dict(plan.vary)} if plan.vary else {}
    video = "# and --video\n" if plan.kind == "video" else ""
    text = (
        yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
        if values
        else "{}  # all defaults\n"
    )
    return f"{video}{text}"

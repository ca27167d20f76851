"""Isolated signs joined into fluent poses, after Sign Stitching (Walsh et al., BMVC 2024, section 3).

One file per step: `clip` (a recording made comparable), `shape` (canonical bones), `crop` (rest cut off),
`timing` (durations), `joins` (which variant and frame meets which), `assemble` (cores, transitions, pauses),
`idle`, `face`, `nonmanual`, `seams` (the report). All work in shoulder widths from the neck, in float64.
"""

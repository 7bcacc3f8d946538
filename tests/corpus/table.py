"""All cases: kind of file, how it is broken, what must be answered."""

from corpus import (
    aligned_cases,
    annotation_cases,
    earlier_cases,
    field_cases,
    gallery_cases,
    model_cases,
    params_cases,
    photo_cases,
    table_cases,
    tool_cases,
)

MODULES = (
    annotation_cases,
    aligned_cases,
    photo_cases,
    table_cases,
    model_cases,
    field_cases,
    gallery_cases,
    earlier_cases,
    tool_cases,
    params_cases,
)
CASES = {case.name: case for module in MODULES for case in module.cases()}
COUNT = sum(1 for module in MODULES for _ in module.cases())
assert len(CASES) == COUNT, "two cases of one name"

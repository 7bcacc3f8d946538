"""CosFace's parameters."""

from faceline.core.params import Above0, Group, NonNegative


class Params(Group):
    scale: Above0
    margin_cos: NonNegative

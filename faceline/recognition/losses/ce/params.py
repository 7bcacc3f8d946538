"""Parameters of cross entropy."""

from faceline.core.params import Group, ShareBelow1


class Params(Group):
    label_smoothing: ShareBelow1

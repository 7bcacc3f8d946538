"""Types of values that the parameters of several losses have."""

import math
from typing import Annotated

from pydantic import Field

MarginRad = Annotated[float, Field(ge=0, lt=math.pi)]

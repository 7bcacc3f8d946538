"""Face detectors, one file each, named as `wild.detector` names them."""

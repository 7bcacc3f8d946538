"""CurricularFace: its parameters and its head."""

"""Windows round faces, stored as packed sets."""

"""The page and the model card, from what the other stages left."""

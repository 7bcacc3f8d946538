"""What the training and the evaluation of annotated faces share: mean embeddings and the search among them."""

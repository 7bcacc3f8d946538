"""What training and the evaluations share: pair scores, rates of scores in memory, mean embeddings."""

"""Labels that embeddings contradict: photos under the wrong name, people under two names."""

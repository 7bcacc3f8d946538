"""What only the evaluation of annotated faces measures: identification, groups, hardest pairs, confused people."""

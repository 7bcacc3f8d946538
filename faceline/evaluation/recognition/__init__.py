"""What only the evaluation of annotated faces measures: identification (1:N), groups, hardest pairs, confused people."""

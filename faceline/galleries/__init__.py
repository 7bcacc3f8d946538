"""Galleries of enrolled people: files, search, identification, enrolment and the quality of what is enrolled."""

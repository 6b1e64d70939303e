"""A bank that hypothesis plays: whatever is tried, explainCustody and the mutation agree, and the books stay sound.

`plays/` has a file for each chapter of the desk: what can be done next with what is there (`Play.offers`), and what keeps it from
being done (`Play.spoils`): each spoil breaks one rule and leaves all others satisfied.
"""

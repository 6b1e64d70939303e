"""`make chaos`: full cycles of lending by many clients while servers and PostgreSQL are killed and answers are lost.

Then the books are compared with what the clients were told, and three planted faults show that the same comparison finds them.
"""

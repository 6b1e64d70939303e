"""What the tests stand on: real servers, a database cloned from a template, people who can do things."""

"""What happens: use cases, custody, compliance, the program itself."""

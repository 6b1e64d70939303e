"""What survives a power cut: rows and bytes."""

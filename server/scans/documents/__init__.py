"""What the bytes of a scan are: looked at by a process of few means, before anyone sees them."""

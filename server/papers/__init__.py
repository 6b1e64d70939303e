"""Printed papers: what a person signs, carries or keeps, as PDF in Chinese."""

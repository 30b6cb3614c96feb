"""Levels: what a site knows of the sites below it, and what it asks of them."""

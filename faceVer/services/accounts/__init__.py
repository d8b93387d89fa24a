"""Accounts: signing in, users, companies, the first administrator."""

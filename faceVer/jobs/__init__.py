"""Background work: the queue and its workers, on SQLite and PostgreSQL, and the sending of webhooks."""

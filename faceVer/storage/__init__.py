"""What is kept: tables and repositories of the database, and the file storage. Rows leave it as domain values only."""

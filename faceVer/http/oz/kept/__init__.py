"""The Oz API of a server with a store. Imported only where there is one: it loads the database's libraries."""

"""The HTTP side: server, request pipeline, and one package per API family."""

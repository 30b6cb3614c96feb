"""The archive: the only writer of the database. Streams in, tables out, `stored` back to the agents."""

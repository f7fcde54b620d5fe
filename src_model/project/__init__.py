"""The project folder: event log, lock, recovery and the tables made from them."""

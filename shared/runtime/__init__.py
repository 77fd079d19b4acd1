"""A service as a process: its declaration, consumer, leader, health, and its operator's commands."""

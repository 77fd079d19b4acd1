"""A service as a process: its declaration, consumer, leader, health, and the verbs of its operators."""

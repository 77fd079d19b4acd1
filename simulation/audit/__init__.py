"""The auditor: reads every topic, decides everything anew from the rules in words, and compares."""

"""What must be true of the topics at the end of a play; each check yields a sentence for each fault."""

"""Documents of a register: published from dated files by their owner, replicated and cached by the others."""

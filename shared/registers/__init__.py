"""Documents of a register: published from dated files, and cached where others read them."""

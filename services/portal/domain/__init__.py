"""The few decisions of the portal: deadlines that pass, accounts, and prices that pages show."""

"""The pure decisions of notification: on notices, their recipients, and what becomes of them."""

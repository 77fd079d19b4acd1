"""Shows people what concerns them, and announces what they did and when their time was up; it decides nothing."""

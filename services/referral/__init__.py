"""The referral service: claims and the people they name, admission, matching, and referrals until their final bill."""

"""Admission, program selection, matching, standing of claims, rural options: the rules that *referral* evaluates."""

"""Those who act through the API: clinics, billers, officers, and what they do rarely or wrongly."""

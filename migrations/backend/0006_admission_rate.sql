-- How many fans a minute a sale lets in, at most: what its slowest part can serve, such as the payment provider.
ALTER TABLE match_sales ADD COLUMN admissions_per_minute integer CHECK (admissions_per_minute > 0);

-- a door keeps until when it had to be shown, also while its clock stands still: [[name, service, instant], …]
ALTER TABLE doors ALTER COLUMN names SET DEFAULT '{}';
ALTER TABLE doors ADD COLUMN open jsonb NOT NULL DEFAULT '[]';

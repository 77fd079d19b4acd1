-- the key under which a foreign id was heard: another key may not use it (inbox.judge); null in older rows fits any key
ALTER TABLE heard ADD COLUMN key text;

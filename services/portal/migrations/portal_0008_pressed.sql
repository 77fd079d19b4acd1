-- a page whose button was pressed types no more, and a draft that was sent keeps its version without its words
-- (store.drafts): what was typed before and arrives late is written over nothing
ALTER TABLE drafts ADD COLUMN is_pressed boolean NOT NULL DEFAULT false;
ALTER TABLE drafts ALTER COLUMN sealed DROP NOT NULL;

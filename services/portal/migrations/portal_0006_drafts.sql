-- by which page a draft was saved last: a page that saves twice at once is not told of itself (store.drafts)
ALTER TABLE drafts ADD COLUMN saved_with text;

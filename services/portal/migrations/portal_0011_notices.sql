-- what a notice says, of which referral, and the page where it is read (store.notices)
ALTER TABLE notices ADD COLUMN number text;
ALTER TABLE notices ADD COLUMN subject text;
ALTER TABLE notices ADD COLUMN link text;
-- notices that a page has shown (store.notices.find_unseen)
CREATE INDEX notices_unseen ON notices (recipient_id) WHERE state = 'queued';

-- a referral that a clinic treats, has treated, and that is history
ALTER TABLE referrals
DROP CONSTRAINT referrals_status_check,
ADD CONSTRAINT referrals_status_check CHECK (status IN (
    'matched', 'offered', 'acknowledged', 'accepted', 'scheduled', 'active', 'discharged', 'closed',
    'unplaced', 'notadmitted', 'withdrawn'
));

-- requests that wait for their answer (store.operations.count_unanswered)
CREATE INDEX operations_unanswered ON operations (received_at) WHERE status = 'received';

-- What each worker has to have alike with the other processes of the service, so that one that does not is noticed. Null for workers of
-- versions that do not say so.
ALTER TABLE workers ADD COLUMN common json;

create index attempts_erased on attempts (erased_at, call_id) where erased_at is not null;

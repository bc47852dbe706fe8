alter table transfers add column human_call_id text;
alter table transfers add column result text;
create unique index transfers_human_leg on transfers (human_call_id);
create index transfers_unknown on transfers (to_number, requested_at) where human_call_id is null;

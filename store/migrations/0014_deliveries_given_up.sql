alter table deliveries add column given_up_at timestamptz;
alter table deliveries add column given_up_reason text;

alter table attempts add column carrier_estimate jsonb not null default '[]';
alter table attempts add column price_state text not null default 'none';
alter table attempts add column price_due_at timestamptz;
alter table attempts add column price_micros bigint;
alter table attempts add column price_currency text;
alter table attempts add column price_told_at timestamptz;
create index attempts_price_due on attempts (price_due_at) where price_due_at is not null;
create table leg_prices (
  carrier_call_id text primary key,
  tenant_id text not null,
  call_id text not null,
  micros bigint not null,
  currency text not null,
  told_at timestamptz not null
);
create index leg_prices_call on leg_prices (call_id);
update attempts set price_state = 'unknown' where answered_at is not null;

alter table gateways add column app text;
alter table campaigns add column single jsonb;
create index campaigns_open_single on campaigns (created_at) where kind = 'single' and ended_at is null;
create index attempts_recent on attempts (tenant_id, created_at);
create index attempts_post_call_open on attempts (ended_at) where state = 'ended' and not post_call_done;

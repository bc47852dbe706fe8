alter table campaigns add column kind text not null default 'outbound' check (kind in ('outbound', 'inbound', 'single'));
drop index campaigns_live_name;
create unique index campaigns_live_name on campaigns (tenant_id, kind, name) where state in ('running', 'paused');

alter table contacts add column call_id text;

alter table attempts add column direction text not null default 'outbound' check (direction in ('outbound', 'inbound'));
alter table attempts add column variables jsonb;
create index attempts_open_inbound on attempts (created_at) where direction = 'inbound' and state in ('intent', 'placed', 'unknown');

create table lines (
  number text primary key,
  tenant_id text not null,
  carrier text not null,
  campaign_id text not null,
  updated_at timestamptz not null
);
create index lines_tenant on lines (tenant_id, number);

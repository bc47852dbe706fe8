alter table contacts add column erased_at timestamptz;
alter table attempts add column erased_at timestamptz;
create index contacts_phone on contacts (tenant_id, phone);
create index contacts_kept on contacts (tenant_id, ended_at) where status = 'done' and erased_at is null;

create table erasures (
  erasure_id text primary key,
  tenant_id text not null,
  source text not null check (source in ('request', 'retention')),
  requested_at timestamptz not null,
  counts jsonb not null,
  call_ids jsonb not null,
  completed_at timestamptz
);
create index erasures_open on erasures (tenant_id, requested_at) where completed_at is null;

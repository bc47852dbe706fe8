create table recordings (
  call_id text primary key,
  tenant_id text not null,
  carrier text not null,
  carrier_call_id text not null,
  track jsonb not null,
  files jsonb not null default '[]',
  created_at timestamptz not null,
  removal_requested_at timestamptz,
  removed_at timestamptz
);
create index recordings_kept on recordings (tenant_id, created_at) where removal_requested_at is null;
create index recordings_removal on recordings (tenant_id, removal_requested_at) where removal_requested_at is not null and removed_at is null;

create table key_presses (
  tenant_id text not null,
  call_id text not null,
  request_id text not null,
  requested_at timestamptz not null,
  primary key (call_id, request_id)
);

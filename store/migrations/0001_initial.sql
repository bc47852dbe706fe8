create table campaigns (
  campaign_id text primary key,
  tenant_id text not null,
  name text not null,
  spec jsonb not null,
  state text not null check (state in ('running', 'paused', 'completed', 'canceled')),
  state_reason text,
  cps text not null,
  max_concurrent integer not null,
  budget_micros bigint,
  spent_micros bigint not null default 0,
  window_offset_ms bigint not null default 0,
  rows_total integer not null default 0,
  rows_rejected integer not null default 0,
  rows_duplicate integer not null default 0,
  created_at timestamptz not null,
  started_at timestamptz,
  ends_at timestamptz,
  ended_at timestamptz
);
create index campaigns_tenant_name on campaigns (tenant_id, name, created_at);
create unique index campaigns_live_name on campaigns (tenant_id, name) where state in ('running', 'paused');

create table contacts (
  contact_id text primary key,
  tenant_id text not null,
  campaign_id text not null,
  line integer not null,
  phone text not null,
  timezones jsonb not null,
  variables jsonb not null,
  status text not null check (status in ('waiting', 'claimed', 'active', 'done')),
  due_at timestamptz not null,
  wait_reason text,
  sequence integer not null default 0,
  attempts integer not null default 0 check (attempts >= 0),
  claimed_at timestamptz,
  outcome text,
  outcome_reason text,
  ended_at timestamptz,
  outcome_delivered boolean not null default false,
  check ((status = 'done') = (outcome is not null))
);
create unique index contacts_campaign_phone on contacts (campaign_id, phone);
create index contacts_due on contacts (campaign_id, status, due_at);
create index contacts_line on contacts (campaign_id, line);
create index contacts_undelivered on contacts (campaign_id, line) where status = 'done' and not outcome_delivered;

create table rejected_rows (
  tenant_id text not null,
  campaign_id text not null,
  line integer not null,
  phone text not null,
  code text not null,
  reason text not null,
  primary key (campaign_id, line)
);

create table attempts (
  call_id text primary key,
  tenant_id text not null,
  campaign_id text not null,
  contact_id text not null,
  attempt integer,
  to_number text not null,
  from_number text not null,
  state text not null check (state in ('intent', 'placed', 'unknown', 'not_placed', 'ended')),
  verdict jsonb not null,
  gateway_id text,
  carrier text not null,
  carrier_call_id text,
  created_at timestamptz not null,
  ringing_at timestamptz,
  answered_at timestamptz,
  ended_at timestamptz,
  outcome text,
  reason text,
  answered_by text,
  transferred_to text,
  voicemail_left boolean not null default false,
  turns jsonb not null default '[]',
  tool_calls jsonb not null default '[]',
  usage jsonb not null default '[]',
  cost_micros bigint not null default 0,
  cost_lines jsonb not null default '[]',
  summary text,
  extraction jsonb,
  post_call_done boolean not null default false,
  post_call_failures jsonb not null default '[]',
  error_code integer,
  dial_id text,
  contact_outcome text,
  next_attempt_at timestamptz
);
create index attempts_contact on attempts (contact_id);
create index attempts_campaign on attempts (campaign_id, created_at);
create index attempts_number on attempts (tenant_id, to_number, created_at);
create index attempts_open on attempts (campaign_id, state);
create unique index attempts_carrier_call on attempts (carrier_call_id);
create unique index attempts_counted on attempts (contact_id, attempt);

create table leases (
  tenant_id text not null,
  phone text not null,
  call_id text not null,
  campaign_id text not null,
  gateway_id text,
  dial_by timestamptz not null,
  deadline timestamptz not null,
  primary key (tenant_id, phone)
);
create unique index leases_call on leases (call_id);
create index leases_gateway on leases (gateway_id);

create table suppressions (
  tenant_id text not null,
  phone text not null,
  source text not null,
  reason text not null,
  call_id text,
  created_at timestamptz not null,
  primary key (tenant_id, phone)
);

create table verdicts (
  id bigint primary key generated always as identity,
  tenant_id text not null,
  campaign_id text not null,
  contact_id text not null,
  call_id text not null,
  verdict jsonb not null,
  at timestamptz not null
);
create index verdicts_contact on verdicts (contact_id);
create unique index verdicts_call on verdicts (call_id);

create table transfers (
  tenant_id text not null,
  call_id text not null,
  transfer_number integer not null,
  to_number text not null,
  requested_at timestamptz not null,
  primary key (call_id, transfer_number)
);

create table gateways (
  gateway_id text primary key,
  tenant_id text not null,
  public_url text not null,
  internal_url text not null,
  max_calls integer not null,
  active_calls integer not null,
  draining boolean not null,
  renewed_at timestamptz not null
);

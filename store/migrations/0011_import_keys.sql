alter table campaigns add column import_key text;
create unique index campaigns_import_key on campaigns (tenant_id, import_key) where import_key is not null;

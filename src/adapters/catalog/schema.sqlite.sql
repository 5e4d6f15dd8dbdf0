-- What the migrations make. Written by scripts/dump-schema.ts; not read by the service.

CREATE TABLE agent (
  id text not null,
  project_id text not null,
  version text,
  type text,
  host_name text not null,
  host_nickname text not null,
  host_ip text not null,
  host_os text not null,
  status text not null,
  last_active_at integer not null,
  created_at integer not null,
  updated_at integer not null,
  paths text not null,
  primary key (project_id, id)
) strict;

CREATE INDEX agent_newest on agent (project_id, created_at desc, id);

CREATE TABLE applied_policy (
  vault_id text not null references vault (id) on delete cascade,
  operation_type text not null,
  project_id text not null,
  policy_id text not null references policy (id),
  destination_vault_id text,
  last_due integer,
  next_due integer,
  primary key (vault_id, operation_type)
) strict;

CREATE INDEX applied_policy_due on applied_policy (operation_type, next_due) where next_due is not null;

CREATE INDEX applied_policy_of_policy on applied_policy (policy_id);

CREATE TABLE audit (
  id text not null,
  at integer not null,
  project_id text not null,
  user_id text not null,
  user_name text not null,
  operation text not null,
  resource_id text not null,
  source_ip text not null,
  request_id text not null,
  status integer not null,
  error_code text not null
) strict;

CREATE UNIQUE INDEX audit_id on audit (id);

CREATE INDEX audit_newest on audit (project_id, at desc, id);

CREATE INDEX audit_of_resource on audit (resource_id, project_id);

CREATE TABLE backup (
  id text not null primary key,
  project_id text not null,
  vault_id text not null references vault (id),
  checkpoint_id text not null,
  parent_id text references backup (id),
  name text not null,
  description text not null,
  status text not null,
  image_type text not null,
  resource_id text not null,
  resource_name text not null,
  resource_type text not null,
  resource_size_bytes integer not null,
  resource_az text not null,
  incremental integer not null,
  "full" integer not null,
  created_at integer not null,
  updated_at integer not null,
  protected_at integer,
  expired_at integer,
  auto_trigger integer not null,
  system_disk integer not null,
  bootable integer not null,
  encrypted integer not null,
  contain_system_disk integer not null,
  enterprise_project_id text not null,
  stored_bytes integer not null,
  full_bytes integer not null,
  digest text,
  uses integer not null check (uses >= 0),
  metadata text
) strict;

CREATE INDEX backup_children on backup (parent_id) where parent_id is not null;

CREATE INDEX backup_expiry on backup (expired_at, id) where expired_at is not null and parent_id is null;

CREATE INDEX backup_failed on backup (created_at, id)
  where status = 'error' and auto_trigger = 1 and parent_id is null;

CREATE INDEX backup_in_vault on backup (vault_id, project_id, resource_id, created_at, id);

CREATE INDEX backup_named on backup (project_id, name) where parent_id is null;

CREATE INDEX backup_newest on backup (project_id, created_at desc, id, parent_id) where parent_id is null;

CREATE INDEX backup_of_checkpoint on backup (checkpoint_id, project_id);

CREATE INDEX backup_of_resource on backup (resource_id, project_id);

CREATE TABLE checkpoint (
  id text not null primary key,
  project_id text not null,
  vault_id text not null,
  vault_name text not null,
  name text not null,
  description text not null,
  status text not null,
  created_at integer not null,
  auto_trigger integer not null,
  incremental integer not null,
  retention_days integer not null,
  resources text not null,
  skipped text not null
) strict;

CREATE INDEX checkpoint_of_vault on checkpoint (vault_id);

CREATE TABLE delivery (
  id text not null primary key,
  webhook_id text not null references webhook (id) on delete cascade,
  event_id text not null,
  type text not null,
  body text not null,
  status text not null,
  created_at integer not null,
  attempts integer not null,
  tried_at integer,
  answer integer,
  problem text,
  ended_at integer
) strict;

CREATE INDEX delivery_ended on delivery (ended_at) where ended_at is not null;

CREATE INDEX delivery_newest on delivery (webhook_id, created_at desc, id);

CREATE INDEX delivery_waiting on delivery (webhook_id, created_at, id) where status = 'waiting';

CREATE TABLE disk (
  id text not null primary key,
  project_id text not null,
  name text not null,
  description text not null,
  size_bytes integer not null,
  path text not null,
  format text not null,
  status text not null,
  bootable integer not null,
  server_id text,
  device text,
  availability_zone text not null,
  volume_type text not null,
  created_at integer not null,
  updated_at integer not null,
  source_backup_id text,
  source_image_id text,
  managed integer not null,
  metadata text not null,
  failure text
) strict;

CREATE INDEX disk_newest on disk (project_id, created_at desc, id);

CREATE TABLE export_session (
  id text not null primary key,
  project_id text not null,
  user_id text not null,
  backup_id text not null references backup (id),
  listen text not null,
  overlay integer not null,
  size_bytes integer not null,
  created_at integer not null,
  expires_at integer not null,
  held_by text not null,
  held_until integer not null
) strict;

CREATE INDEX export_session_newest on export_session (project_id, created_at desc, id);

CREATE INDEX export_session_of_backup on export_session (backup_id);

CREATE TABLE image (
  id text not null primary key,
  project_id text not null,
  backup_id text not null references backup (id),
  name text not null,
  description text not null,
  status text not null,
  job_id text not null,
  created_at integer not null,
  updated_at integer not null,
  min_disk_gb integer not null,
  size_bytes integer not null,
  failure text,
  tags text not null
) strict;

CREATE INDEX image_newest on image (project_id, created_at desc, id);

CREATE INDEX image_of_job on image (job_id);

CREATE UNIQUE INDEX image_once on image (backup_id, project_id);

CREATE TABLE job (
  id text not null primary key,
  kind text not null,
  project_id text not null,
  payload text not null,
  operation_log_id text,
  created_at integer not null,
  run_after integer not null,
  attempts integer not null,
  claimed_by text,
  claimed_until integer
) strict;

CREATE INDEX job_oldest on job (created_at, id);

CREATE TABLE member (
  id text not null,
  backup_id text not null references backup (id),
  dest_project_id text not null,
  status text not null,
  created_at integer not null,
  updated_at integer,
  vault_id text references vault (id),
  image_id text,
  charged_bytes integer not null check (charged_bytes >= 0)
) strict;

CREATE INDEX member_in_vault on member (vault_id) where vault_id is not null;

CREATE INDEX member_of_recipient on member (dest_project_id);

CREATE UNIQUE INDEX member_once on member (backup_id, dest_project_id);

CREATE TABLE migration (number integer not null primary key) strict;

CREATE TABLE operation_log (
  id text not null primary key,
  project_id text not null,
  type text not null,
  status text not null,
  created_at integer not null,
  started_at integer not null,
  updated_at integer not null,
  ended_at integer,
  provider_id text,
  vault_id text,
  vault_name text,
  checkpoint_id text,
  policy_id text,
  error_code text not null,
  error_message text not null,
  progress integer not null,
  request_id text not null,
  resource_id text not null,
  resource_name text not null,
  resource_type text not null,
  detail text not null
) strict;

CREATE INDEX operation_log_ended on operation_log (ended_at) where ended_at is not null;

CREATE INDEX operation_log_newest on operation_log (project_id, created_at desc, id);

CREATE TABLE organization_policy (
  id text not null primary key,
  domain_id text not null,
  name text not null,
  description text not null,
  effective_scope text not null,
  operation_type text not null,
  policy_name text not null,
  enabled integer not null,
  definition text not null,
  patterns text not null,
  start_window_minutes integer,
  created_at integer not null,
  updated_at integer not null
) strict;

CREATE INDEX organization_policy_newest on organization_policy (domain_id, created_at desc, id);

CREATE TABLE policy (
  id text not null primary key,
  project_id text not null,
  name text not null,
  enabled integer not null,
  operation_type text not null,
  definition text not null,
  trigger_id text not null,
  patterns text not null,
  start_window_minutes integer,
  created_at integer not null,
  updated_at integer not null
  , organization_policy_id text references organization_policy (id)) strict;

CREATE INDEX policy_newest on policy (project_id, created_at desc, id);

CREATE UNIQUE INDEX policy_of_organization on policy (organization_policy_id, project_id)
  where organization_policy_id is not null;

CREATE TABLE replication (
  id text not null primary key,
  status text not null,
  source_region text not null,
  source_project_id text not null,
  source_vault_id text not null,
  source_backup_id text not null,
  source_checkpoint_id text not null,
  destination_region text not null,
  destination_project_id text not null,
  destination_vault_id text not null,
  destination_backup_id text,
  destination_checkpoint_id text,
  auto_trigger integer not null,
  progress integer not null,
  fail_code text not null,
  fail_reason text not null,
  created_at integer not null,
  updated_at integer not null
) strict;

CREATE INDEX replication_from on replication (source_vault_id)
  where status in ('waiting_replicate', 'replicating');

CREATE INDEX replication_into on replication (destination_vault_id)
  where status in ('waiting_replicate', 'replicating');

CREATE INDEX replication_of_replica on replication (destination_backup_id);

CREATE INDEX replication_of_source on replication (source_backup_id);

CREATE TABLE resource (
  vault_id text not null references vault (id) on delete cascade,
  project_id text not null,
  id text not null,
  type text not null,
  name text not null,
  size_bytes integer not null,
  protect_status text not null,
  auto_protect integer not null,
  exclude_volumes text not null,
  include_volumes text not null,
  added_at integer not null,
  backup_bytes integer not null check (backup_bytes >= 0),
  backup_count integer not null check (backup_count >= 0), last_full_at integer, incrementals integer,
  primary key (vault_id, id)
) strict;

CREATE INDEX resource_bound on resource (project_id, id);

CREATE TABLE server (
  id text not null primary key,
  project_id text not null,
  name text not null,
  status text not null,
  availability_zone text not null,
  created_at integer not null
  , metadata text) strict;

CREATE INDEX server_newest on server (project_id, created_at desc, id);

CREATE TABLE tag (
  vault_id text not null references vault (id) on delete cascade,
  project_id text not null,
  key text not null,
  value text not null,
  primary key (vault_id, key)
) strict;

CREATE INDEX tag_of_project on tag (project_id);

CREATE TABLE vault (
  id text not null primary key,
  project_id text not null,
  name text not null,
  description text not null,
  user_id text not null,
  created_at integer not null,
  updated_at integer not null,
  status text not null,
  object_type text not null,
  protect_type text not null,
  consistent_level text not null,
  cloud_type text not null,
  charging_mode text not null,
  size_gb integer not null,
  used_bytes integer not null check (used_bytes >= 0),
  is_multi_az integer not null,
  auto_bind integer not null,
  auto_expand integer not null,
  smn_notify integer not null,
  threshold integer not null,
  locked integer not null,
  demand_billing integer not null,
  enterprise_project_id text not null,
  bind_tags text not null,
  backup_name_prefix text,
  availability_zone text,
  sys_lock_source_service text
  , order_id text) strict;

CREATE INDEX vault_newest on vault (project_id, created_at desc, id);

CREATE TABLE webhook (
  id text not null primary key,
  project_id text not null,
  user_id text not null,
  name text not null,
  url text not null,
  events text not null,
  secrets text not null,
  created_at integer not null
) strict;

CREATE INDEX webhook_of_project on webhook (project_id, created_at, id);

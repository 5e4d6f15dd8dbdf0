-- What the migrations make. Written by scripts/dump-schema.ts; not read by the service.

create table agent (
  id text collate "C" not null,
  project_id text collate "C" not null,
  version text collate "C",
  type text collate "C",
  host_name text collate "C" not null,
  host_nickname text collate "C" not null,
  host_ip text collate "C" not null,
  host_os text collate "C" not null,
  status text collate "C" not null,
  last_active_at bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  paths text collate "C" not null,
  PRIMARY KEY (project_id, id)
);

CREATE INDEX agent_newest ON agent USING btree (project_id, created_at DESC, id);

create table applied_policy (
  vault_id text collate "C" not null,
  operation_type text collate "C" not null,
  project_id text collate "C" not null,
  policy_id text collate "C" not null,
  destination_vault_id text collate "C",
  last_due bigint,
  next_due bigint,
  PRIMARY KEY (vault_id, operation_type),
  FOREIGN KEY (policy_id) REFERENCES policy(id),
  FOREIGN KEY (vault_id) REFERENCES vault(id) ON DELETE CASCADE
);

CREATE INDEX applied_policy_due ON applied_policy USING btree (operation_type, next_due) WHERE (next_due IS NOT NULL);

CREATE INDEX applied_policy_of_policy ON applied_policy USING btree (policy_id);

create table audit (
  id text collate "C" not null,
  at bigint not null,
  project_id text collate "C" not null,
  user_id text collate "C" not null,
  user_name text collate "C" not null,
  operation text collate "C" not null,
  resource_id text collate "C" not null,
  source_ip text collate "C" not null,
  request_id text collate "C" not null,
  status bigint not null,
  error_code text collate "C" not null
);

CREATE UNIQUE INDEX audit_id ON audit USING btree (id);

CREATE INDEX audit_newest ON audit USING btree (project_id, at DESC, id);

CREATE INDEX audit_of_resource ON audit USING btree (resource_id, project_id);

create table backup (
  id text collate "C" not null,
  project_id text collate "C" not null,
  vault_id text collate "C" not null,
  checkpoint_id text collate "C" not null,
  parent_id text collate "C",
  name text collate "C" not null,
  description text collate "C" not null,
  status text collate "C" not null,
  image_type text collate "C" not null,
  resource_id text collate "C" not null,
  resource_name text collate "C" not null,
  resource_type text collate "C" not null,
  resource_size_bytes bigint not null,
  resource_az text collate "C" not null,
  incremental smallint not null,
  full smallint not null,
  created_at bigint not null,
  updated_at bigint not null,
  protected_at bigint,
  expired_at bigint,
  auto_trigger smallint not null,
  system_disk smallint not null,
  bootable smallint not null,
  encrypted smallint not null,
  contain_system_disk smallint not null,
  enterprise_project_id text collate "C" not null,
  stored_bytes bigint not null,
  full_bytes bigint not null,
  digest text collate "C",
  uses bigint not null,
  metadata text collate "C",
  PRIMARY KEY (id),
  FOREIGN KEY (parent_id) REFERENCES backup(id),
  FOREIGN KEY (vault_id) REFERENCES vault(id),
  CHECK ((uses >= 0))
);

CREATE INDEX backup_children ON backup USING btree (parent_id) WHERE (parent_id IS NOT NULL);

CREATE INDEX backup_expiry ON backup USING btree (expired_at, id) WHERE ((expired_at IS NOT NULL) AND (parent_id IS NULL));

CREATE INDEX backup_failed ON backup USING btree (created_at, id) WHERE ((status = 'error'::text) AND (auto_trigger = 1) AND (parent_id IS NULL));

CREATE INDEX backup_in_vault ON backup USING btree (vault_id, project_id, resource_id, created_at, id);

CREATE INDEX backup_named ON backup USING btree (project_id, name) WHERE (parent_id IS NULL);

CREATE INDEX backup_newest ON backup USING btree (project_id, created_at DESC, id, parent_id) WHERE (parent_id IS NULL);

CREATE INDEX backup_of_checkpoint ON backup USING btree (checkpoint_id, project_id);

CREATE INDEX backup_of_resource ON backup USING btree (resource_id, project_id);

create table checkpoint (
  id text collate "C" not null,
  project_id text collate "C" not null,
  vault_id text collate "C" not null,
  vault_name text collate "C" not null,
  name text collate "C" not null,
  description text collate "C" not null,
  status text collate "C" not null,
  created_at bigint not null,
  auto_trigger smallint not null,
  incremental smallint not null,
  retention_days bigint not null,
  resources text collate "C" not null,
  skipped text collate "C" not null,
  PRIMARY KEY (id)
);

CREATE INDEX checkpoint_of_vault ON checkpoint USING btree (vault_id);

create table delivery (
  id text collate "C" not null,
  webhook_id text collate "C" not null,
  event_id text collate "C" not null,
  type text collate "C" not null,
  body text collate "C" not null,
  status text collate "C" not null,
  created_at bigint not null,
  attempts bigint not null,
  tried_at bigint,
  answer bigint,
  problem text collate "C",
  ended_at bigint,
  PRIMARY KEY (id),
  FOREIGN KEY (webhook_id) REFERENCES webhook(id) ON DELETE CASCADE
);

CREATE INDEX delivery_ended ON delivery USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE INDEX delivery_newest ON delivery USING btree (webhook_id, created_at DESC, id);

CREATE INDEX delivery_waiting ON delivery USING btree (webhook_id, created_at, id) WHERE (status = 'waiting'::text);

create table disk (
  id text collate "C" not null,
  project_id text collate "C" not null,
  name text collate "C" not null,
  description text collate "C" not null,
  size_bytes bigint not null,
  path text collate "C" not null,
  format text collate "C" not null,
  status text collate "C" not null,
  bootable smallint not null,
  server_id text collate "C",
  device text collate "C",
  availability_zone text collate "C" not null,
  volume_type text collate "C" not null,
  created_at bigint not null,
  updated_at bigint not null,
  source_backup_id text collate "C",
  source_image_id text collate "C",
  managed smallint not null,
  metadata text collate "C" not null,
  failure text collate "C",
  PRIMARY KEY (id)
);

CREATE INDEX disk_newest ON disk USING btree (project_id, created_at DESC, id);

create table export_session (
  id text collate "C" not null,
  project_id text collate "C" not null,
  user_id text collate "C" not null,
  backup_id text collate "C" not null,
  listen text collate "C" not null,
  overlay smallint not null,
  size_bytes bigint not null,
  created_at bigint not null,
  expires_at bigint not null,
  held_by text collate "C" not null,
  held_until bigint not null,
  PRIMARY KEY (id),
  FOREIGN KEY (backup_id) REFERENCES backup(id)
);

CREATE INDEX export_session_newest ON export_session USING btree (project_id, created_at DESC, id);

CREATE INDEX export_session_of_backup ON export_session USING btree (backup_id);

create table image (
  id text collate "C" not null,
  project_id text collate "C" not null,
  backup_id text collate "C" not null,
  name text collate "C" not null,
  description text collate "C" not null,
  status text collate "C" not null,
  job_id text collate "C" not null,
  created_at bigint not null,
  updated_at bigint not null,
  min_disk_gb bigint not null,
  size_bytes bigint not null,
  failure text collate "C",
  tags text collate "C" not null,
  PRIMARY KEY (id),
  FOREIGN KEY (backup_id) REFERENCES backup(id)
);

CREATE INDEX image_newest ON image USING btree (project_id, created_at DESC, id);

CREATE INDEX image_of_job ON image USING btree (job_id);

CREATE UNIQUE INDEX image_once ON image USING btree (backup_id, project_id);

create table job (
  id text collate "C" not null,
  kind text collate "C" not null,
  project_id text collate "C" not null,
  payload text collate "C" not null,
  operation_log_id text collate "C",
  created_at bigint not null,
  run_after bigint not null,
  attempts bigint not null,
  claimed_by text collate "C",
  claimed_until bigint,
  PRIMARY KEY (id)
);

CREATE INDEX job_oldest ON job USING btree (created_at, id);

create table member (
  id text collate "C" not null,
  backup_id text collate "C" not null,
  dest_project_id text collate "C" not null,
  status text collate "C" not null,
  created_at bigint not null,
  updated_at bigint,
  vault_id text collate "C",
  image_id text collate "C",
  charged_bytes bigint not null,
  FOREIGN KEY (backup_id) REFERENCES backup(id),
  FOREIGN KEY (vault_id) REFERENCES vault(id),
  CHECK ((charged_bytes >= 0))
);

CREATE INDEX member_in_vault ON member USING btree (vault_id) WHERE (vault_id IS NOT NULL);

CREATE INDEX member_of_recipient ON member USING btree (dest_project_id);

CREATE UNIQUE INDEX member_once ON member USING btree (backup_id, dest_project_id);

create table migration (
  number bigint not null,
  PRIMARY KEY (number)
);

create table operation_log (
  id text collate "C" not null,
  project_id text collate "C" not null,
  type text collate "C" not null,
  status text collate "C" not null,
  created_at bigint not null,
  started_at bigint not null,
  updated_at bigint not null,
  ended_at bigint,
  provider_id text collate "C",
  vault_id text collate "C",
  vault_name text collate "C",
  checkpoint_id text collate "C",
  policy_id text collate "C",
  error_code text collate "C" not null,
  error_message text collate "C" not null,
  progress bigint not null,
  request_id text collate "C" not null,
  resource_id text collate "C" not null,
  resource_name text collate "C" not null,
  resource_type text collate "C" not null,
  detail text collate "C" not null,
  PRIMARY KEY (id)
);

CREATE INDEX operation_log_ended ON operation_log USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE INDEX operation_log_newest ON operation_log USING btree (project_id, created_at DESC, id);

create table organization_policy (
  id text collate "C" not null,
  domain_id text collate "C" not null,
  name text collate "C" not null,
  description text collate "C" not null,
  effective_scope text collate "C" not null,
  operation_type text collate "C" not null,
  policy_name text collate "C" not null,
  enabled smallint not null,
  definition text collate "C" not null,
  patterns text collate "C" not null,
  start_window_minutes bigint,
  created_at bigint not null,
  updated_at bigint not null,
  PRIMARY KEY (id)
);

CREATE INDEX organization_policy_newest ON organization_policy USING btree (domain_id, created_at DESC, id);

create table policy (
  id text collate "C" not null,
  project_id text collate "C" not null,
  name text collate "C" not null,
  enabled smallint not null,
  operation_type text collate "C" not null,
  definition text collate "C" not null,
  trigger_id text collate "C" not null,
  patterns text collate "C" not null,
  start_window_minutes bigint,
  created_at bigint not null,
  updated_at bigint not null,
  organization_policy_id text collate "C",
  PRIMARY KEY (id),
  FOREIGN KEY (organization_policy_id) REFERENCES organization_policy(id)
);

CREATE INDEX policy_newest ON policy USING btree (project_id, created_at DESC, id);

CREATE UNIQUE INDEX policy_of_organization ON policy USING btree (organization_policy_id, project_id) WHERE (organization_policy_id IS NOT NULL);

create table replication (
  id text collate "C" not null,
  status text collate "C" not null,
  source_region text collate "C" not null,
  source_project_id text collate "C" not null,
  source_vault_id text collate "C" not null,
  source_backup_id text collate "C" not null,
  source_checkpoint_id text collate "C" not null,
  destination_region text collate "C" not null,
  destination_project_id text collate "C" not null,
  destination_vault_id text collate "C" not null,
  destination_backup_id text collate "C",
  destination_checkpoint_id text collate "C",
  auto_trigger smallint not null,
  progress bigint not null,
  fail_code text collate "C" not null,
  fail_reason text collate "C" not null,
  created_at bigint not null,
  updated_at bigint not null,
  PRIMARY KEY (id)
);

CREATE INDEX replication_from ON replication USING btree (source_vault_id) WHERE (status = ANY (ARRAY['waiting_replicate'::text, 'replicating'::text]));

CREATE INDEX replication_into ON replication USING btree (destination_vault_id) WHERE (status = ANY (ARRAY['waiting_replicate'::text, 'replicating'::text]));

CREATE INDEX replication_of_replica ON replication USING btree (destination_backup_id);

CREATE INDEX replication_of_source ON replication USING btree (source_backup_id);

create table resource (
  vault_id text collate "C" not null,
  project_id text collate "C" not null,
  id text collate "C" not null,
  type text collate "C" not null,
  name text collate "C" not null,
  size_bytes bigint not null,
  protect_status text collate "C" not null,
  auto_protect smallint not null,
  exclude_volumes text collate "C" not null,
  include_volumes text collate "C" not null,
  added_at bigint not null,
  backup_bytes bigint not null,
  backup_count bigint not null,
  last_full_at bigint,
  incrementals bigint,
  PRIMARY KEY (vault_id, id),
  FOREIGN KEY (vault_id) REFERENCES vault(id) ON DELETE CASCADE,
  CHECK ((backup_bytes >= 0)),
  CHECK ((backup_count >= 0))
);

CREATE INDEX resource_bound ON resource USING btree (project_id, id);

create table server (
  id text collate "C" not null,
  project_id text collate "C" not null,
  name text collate "C" not null,
  status text collate "C" not null,
  availability_zone text collate "C" not null,
  created_at bigint not null,
  metadata text collate "C",
  PRIMARY KEY (id)
);

CREATE INDEX server_newest ON server USING btree (project_id, created_at DESC, id);

create table tag (
  vault_id text collate "C" not null,
  project_id text collate "C" not null,
  key text collate "C" not null,
  value text collate "C" not null,
  PRIMARY KEY (vault_id, key),
  FOREIGN KEY (vault_id) REFERENCES vault(id) ON DELETE CASCADE
);

CREATE INDEX tag_of_project ON tag USING btree (project_id);

create table vault (
  id text collate "C" not null,
  project_id text collate "C" not null,
  name text collate "C" not null,
  description text collate "C" not null,
  user_id text collate "C" not null,
  created_at bigint not null,
  updated_at bigint not null,
  status text collate "C" not null,
  object_type text collate "C" not null,
  protect_type text collate "C" not null,
  consistent_level text collate "C" not null,
  cloud_type text collate "C" not null,
  charging_mode text collate "C" not null,
  size_gb bigint not null,
  used_bytes bigint not null,
  is_multi_az smallint not null,
  auto_bind smallint not null,
  auto_expand smallint not null,
  smn_notify smallint not null,
  threshold bigint not null,
  locked smallint not null,
  demand_billing smallint not null,
  enterprise_project_id text collate "C" not null,
  bind_tags text collate "C" not null,
  backup_name_prefix text collate "C",
  availability_zone text collate "C",
  sys_lock_source_service text collate "C",
  order_id text collate "C",
  PRIMARY KEY (id),
  CHECK ((used_bytes >= 0))
);

CREATE INDEX vault_newest ON vault USING btree (project_id, created_at DESC, id);

create table webhook (
  id text collate "C" not null,
  project_id text collate "C" not null,
  user_id text collate "C" not null,
  name text collate "C" not null,
  url text collate "C" not null,
  events text collate "C" not null,
  secrets text collate "C" not null,
  created_at bigint not null,
  PRIMARY KEY (id)
);

CREATE INDEX webhook_of_project ON webhook USING btree (project_id, created_at, id);

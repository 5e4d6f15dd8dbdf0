/**
 * Foreign keys hold what no rule may break: a backup lies in a vault, a child has its parent, a share and an image have
 * their backup, an accepted share its vault. Operation logs, audits and checkpoints outlive what they speak of.
 *
 * Indexes: each listing by project in its order, each foreign key from its child, each filter that clients look up by.
 * Tables that grow with use keep their own order of insertion, so that new rows touch few pages.
 */
import type { ColumnTypes, Migration } from './migration.ts'

export const initial: Migration = types => [
  ...vaults(types),
  ...checkpoints(types),
  ...backups(types),
  ...shares(types),
  ...work(types),
  ...inventory(types),
  ...audits(types),
]

const vaults = ({ text, whole, flag, tableEnd }: ColumnTypes): readonly string[] => [
  `create table vault (
    id ${text} not null primary key,
    project_id ${text} not null,
    name ${text} not null,
    description ${text} not null,
    user_id ${text} not null,
    created_at ${whole} not null,
    updated_at ${whole} not null,
    status ${text} not null,
    object_type ${text} not null,
    protect_type ${text} not null,
    consistent_level ${text} not null,
    cloud_type ${text} not null,
    charging_mode ${text} not null,
    size_gb ${whole} not null,
    used_bytes ${whole} not null check (used_bytes >= 0),
    is_multi_az ${flag} not null,
    auto_bind ${flag} not null,
    auto_expand ${flag} not null,
    smn_notify ${flag} not null,
    threshold ${whole} not null,
    locked ${flag} not null,
    demand_billing ${flag} not null,
    enterprise_project_id ${text} not null,
    bind_tags ${text} not null,
    backup_name_prefix ${text},
    availability_zone ${text},
    sys_lock_source_service ${text}
  )${tableEnd}`,
  'create index vault_newest on vault (project_id, created_at desc, id)',
  `create table resource (
    vault_id ${text} not null references vault (id) on delete cascade,
    project_id ${text} not null,
    id ${text} not null,
    type ${text} not null,
    name ${text} not null,
    size_bytes ${whole} not null,
    protect_status ${text} not null,
    auto_protect ${flag} not null,
    exclude_volumes ${text} not null,
    include_volumes ${text} not null,
    added_at ${whole} not null,
    backup_bytes ${whole} not null check (backup_bytes >= 0),
    backup_count ${whole} not null check (backup_count >= 0),
    primary key (vault_id, id)
  )${tableEnd}`,
  'create index resource_bound on resource (project_id, id)',
  `create table tag (
    vault_id ${text} not null references vault (id) on delete cascade,
    project_id ${text} not null,
    key ${text} not null,
    value ${text} not null,
    primary key (vault_id, key)
  )${tableEnd}`,
  'create index tag_of_project on tag (project_id)',
]

const checkpoints = ({ text, whole, flag, tableEnd }: ColumnTypes): readonly string[] => [
  `create table checkpoint (
    id ${text} not null primary key,
    project_id ${text} not null,
    vault_id ${text} not null,
    vault_name ${text} not null,
    name ${text} not null,
    description ${text} not null,
    status ${text} not null,
    created_at ${whole} not null,
    auto_trigger ${flag} not null,
    incremental ${flag} not null,
    retention_days ${whole} not null,
    resources ${text} not null,
    skipped ${text} not null
  )${tableEnd}`,
  'create index checkpoint_of_vault on checkpoint (vault_id)',
]

const backups = ({ text, whole, flag, tableEnd }: ColumnTypes): readonly string[] => [
  `create table backup (
    id ${text} not null primary key,
    project_id ${text} not null,
    vault_id ${text} not null references vault (id),
    checkpoint_id ${text} not null,
    parent_id ${text} references backup (id),
    name ${text} not null,
    description ${text} not null,
    status ${text} not null,
    image_type ${text} not null,
    resource_id ${text} not null,
    resource_name ${text} not null,
    resource_type ${text} not null,
    resource_size_bytes ${whole} not null,
    resource_az ${text} not null,
    incremental ${flag} not null,
    "full" ${flag} not null,
    created_at ${whole} not null,
    updated_at ${whole} not null,
    protected_at ${whole},
    expired_at ${whole},
    auto_trigger ${flag} not null,
    system_disk ${flag} not null,
    bootable ${flag} not null,
    encrypted ${flag} not null,
    contain_system_disk ${flag} not null,
    enterprise_project_id ${text} not null,
    stored_bytes ${whole} not null,
    full_bytes ${whole} not null,
    digest ${text},
    uses ${whole} not null check (uses >= 0),
    metadata ${text}
  )${tableEnd}`,
  // With the parent in it, though always null, SQLite counts a project's backups from the index alone.
  'create index backup_newest on backup (project_id, created_at desc, id, parent_id) where parent_id is null',
  'create index backup_named on backup (project_id, name) where parent_id is null',
  'create index backup_children on backup (parent_id) where parent_id is not null',
  'create index backup_in_vault on backup (vault_id, project_id, resource_id)',
  'create index backup_of_resource on backup (resource_id, project_id)',
  'create index backup_of_checkpoint on backup (checkpoint_id, project_id)',
]

const shares = ({ text, whole, tableEnd }: ColumnTypes): readonly string[] => [
  `create table member (
    id ${text} not null,
    backup_id ${text} not null references backup (id),
    dest_project_id ${text} not null,
    status ${text} not null,
    created_at ${whole} not null,
    updated_at ${whole},
    vault_id ${text} references vault (id),
    image_id ${text},
    charged_bytes ${whole} not null check (charged_bytes >= 0)
  )${tableEnd}`,
  'create unique index member_id on member (id)',
  'create unique index member_once on member (backup_id, dest_project_id)',
  'create index member_of_recipient on member (dest_project_id)',
  'create index member_in_vault on member (vault_id) where vault_id is not null',
  `create table image (
    id ${text} not null primary key,
    project_id ${text} not null,
    backup_id ${text} not null references backup (id),
    name ${text} not null,
    description ${text} not null,
    status ${text} not null,
    job_id ${text} not null,
    created_at ${whole} not null,
    updated_at ${whole} not null,
    min_disk_gb ${whole} not null,
    size_bytes ${whole} not null,
    failure ${text},
    tags ${text} not null
  )${tableEnd}`,
  'create unique index image_once on image (backup_id, project_id)',
  'create index image_newest on image (project_id, created_at desc, id)',
  'create index image_of_job on image (job_id)',
]

const work = ({ text, whole, tableEnd }: ColumnTypes): readonly string[] => [
  `create table operation_log (
    id ${text} not null primary key,
    project_id ${text} not null,
    type ${text} not null,
    status ${text} not null,
    created_at ${whole} not null,
    started_at ${whole} not null,
    updated_at ${whole} not null,
    ended_at ${whole},
    provider_id ${text},
    vault_id ${text},
    vault_name ${text},
    checkpoint_id ${text},
    policy_id ${text},
    error_code ${text} not null,
    error_message ${text} not null,
    progress ${whole} not null,
    request_id ${text} not null,
    resource_id ${text} not null,
    resource_name ${text} not null,
    resource_type ${text} not null,
    detail ${text} not null
  )${tableEnd}`,
  'create index operation_log_newest on operation_log (project_id, created_at desc, id)',
  'create index operation_log_ended on operation_log (ended_at) where ended_at is not null',
  `create table job (
    id ${text} not null primary key,
    kind ${text} not null,
    project_id ${text} not null,
    payload ${text} not null,
    operation_log_id ${text},
    created_at ${whole} not null,
    run_after ${whole} not null,
    attempts ${whole} not null,
    claimed_by ${text},
    claimed_until ${whole}
  )${tableEnd}`,
  'create index job_oldest on job (created_at, id)',
]

const inventory = ({ text, whole, flag, tableEnd }: ColumnTypes): readonly string[] => [
  `create table disk (
    id ${text} not null primary key,
    project_id ${text} not null,
    name ${text} not null,
    description ${text} not null,
    size_bytes ${whole} not null,
    path ${text} not null,
    format ${text} not null,
    status ${text} not null,
    bootable ${flag} not null,
    server_id ${text},
    device ${text},
    availability_zone ${text} not null,
    volume_type ${text} not null,
    created_at ${whole} not null,
    updated_at ${whole} not null,
    source_backup_id ${text},
    source_image_id ${text},
    managed ${flag} not null,
    metadata ${text} not null,
    failure ${text}
  )${tableEnd}`,
  'create index disk_newest on disk (project_id, created_at desc, id)',
  `create table server (
    id ${text} not null primary key,
    project_id ${text} not null,
    name ${text} not null,
    status ${text} not null,
    availability_zone ${text} not null,
    created_at ${whole} not null
  )${tableEnd}`,
  'create index server_newest on server (project_id, created_at desc, id)',
]

const audits = ({ text, whole, tableEnd }: ColumnTypes): readonly string[] => [
  `create table audit (
    id ${text} not null,
    at ${whole} not null,
    project_id ${text} not null,
    user_id ${text} not null,
    user_name ${text} not null,
    operation ${text} not null,
    resource_id ${text} not null,
    source_ip ${text} not null,
    request_id ${text} not null,
    status ${whole} not null,
    error_code ${text} not null
  )${tableEnd}`,
  'create unique index audit_id on audit (id)',
  'create index audit_newest on audit (project_id, at desc, id)',
  'create index audit_of_resource on audit (resource_id, project_id)',
]

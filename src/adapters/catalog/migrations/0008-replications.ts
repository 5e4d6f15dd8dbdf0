import type { Migration } from './migration.ts'

/**
 * Replicas and attempts at them. The two backups may be in two catalogs, and outlive each other, so that no column refers
 * to a row. Indexes: from either backup, and what runs in a vault.
 */
export const replications: Migration = ({ text, whole, flag, tableEnd }) => [
  `create table replication (
    id ${text} not null primary key,
    status ${text} not null,
    source_region ${text} not null,
    source_project_id ${text} not null,
    source_vault_id ${text} not null,
    source_backup_id ${text} not null,
    source_checkpoint_id ${text} not null,
    destination_region ${text} not null,
    destination_project_id ${text} not null,
    destination_vault_id ${text} not null,
    destination_backup_id ${text},
    destination_checkpoint_id ${text},
    auto_trigger ${flag} not null,
    progress ${whole} not null,
    fail_code ${text} not null,
    fail_reason ${text} not null,
    created_at ${whole} not null,
    updated_at ${whole} not null
  )${tableEnd}`,
  'create index replication_of_source on replication (source_backup_id)',
  'create index replication_of_replica on replication (destination_backup_id)',
  `create index replication_from on replication (source_vault_id)
    where status in ('waiting_replicate', 'replicating')`,
  `create index replication_into on replication (destination_vault_id)
    where status in ('waiting_replicate', 'replicating')`,
]

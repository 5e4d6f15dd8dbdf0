import type { Migration } from './migration.ts'

/**
 * Policies and the vaults they are applied to. A policy cannot go while a vault has it; a vault's deletion takes its
 * applications along. Indexes: what is due, what has expired, failed automatic backups.
 */
export const policies: Migration = ({ text, whole, flag, tableEnd }) => [
  `create table policy (
    id ${text} not null primary key,
    project_id ${text} not null,
    name ${text} not null,
    enabled ${flag} not null,
    operation_type ${text} not null,
    definition ${text} not null,
    trigger_id ${text} not null,
    patterns ${text} not null,
    start_window_minutes ${whole},
    created_at ${whole} not null,
    updated_at ${whole} not null
  )${tableEnd}`,
  'create index policy_newest on policy (project_id, created_at desc, id)',
  `create table applied_policy (
    vault_id ${text} not null references vault (id) on delete cascade,
    operation_type ${text} not null,
    project_id ${text} not null,
    policy_id ${text} not null references policy (id),
    destination_vault_id ${text},
    last_due ${whole},
    next_due ${whole},
    primary key (vault_id, operation_type)
  )${tableEnd}`,
  'create index applied_policy_of_policy on applied_policy (policy_id)',
  'create index applied_policy_due on applied_policy (operation_type, next_due) where next_due is not null',
  `alter table resource add column last_full_at ${whole}`,
  `alter table resource add column incrementals ${whole}`,
  `alter table server add column metadata ${text}`,
  'create index backup_expiry on backup (expired_at, id) where expired_at is not null and parent_id is null',
  `create index backup_failed on backup (created_at, id)
    where status = 'error' and auto_trigger = 1 and parent_id is null`,
]

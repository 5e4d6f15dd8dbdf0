import type { Migration } from './migration.ts'

/** The backups of one disk in one vault lie in their order, so that a neighbour is found however long the chain is. */
export const chains: Migration = () => [
  'drop index backup_in_vault',
  'create index backup_in_vault on backup (vault_id, project_id, resource_id, created_at, id)',
]

/**
 * What SQLite's planner believes of the tables: those of a large installation, always, instead of what an ANALYZE would
 * find by chance. So plans are the same in every catalog, and known to the tests (query-plans.test.ts).
 *
 * Of each index with a rival: its rows, then how many share a value of its first column, of its first two, ...
 */
import { sql } from 'kysely'
import type { Session } from './session.ts'

const statistics: readonly (readonly [table: string, index: string, numbers: string])[] = [
  ['vault', 'sqlite_autoindex_vault_1', '10000 1'],
  ['vault', 'vault_newest', '10000 100 2 1'],
  ['resource', 'sqlite_autoindex_resource_1', '100000 10 1'],
  ['resource', 'resource_bound', '100000 1000 1'],
  ['backup', 'sqlite_autoindex_backup_1', '1000000 1'],
  ['backup', 'backup_newest', '500000 5000 2 1 1'],
  ['backup', 'backup_named', '500000 5000 20'],
  ['backup', 'backup_children', '500000 4'],
  ['backup', 'backup_in_vault', '1000000 200 200 20 1 1'],
  ['backup', 'backup_of_resource', '1000000 50 50'],
  ['backup', 'backup_of_checkpoint', '1000000 20 20'],
  ['backup', 'backup_expiry', '500000 2 1'],
  ['backup', 'backup_failed', '10000 2 1'],
  ['policy', 'sqlite_autoindex_policy_1', '1000 1'],
  ['policy', 'policy_newest', '1000 20 2 1'],
  ['applied_policy', 'sqlite_autoindex_applied_policy_1', '10000 2 1'],
  ['applied_policy', 'applied_policy_of_policy', '10000 100'],
  ['applied_policy', 'applied_policy_due', '10000 5000 10'],
  ['member', 'member_once', '1000000 4 1'],
  ['member', 'member_of_recipient', '1000000 500'],
  ['member', 'member_in_vault', '500000 100'],
  ['image', 'sqlite_autoindex_image_1', '10000 1'],
  ['image', 'image_newest', '10000 100 2 1'],
  ['image', 'image_once', '10000 2 1'],
  ['image', 'image_of_job', '10000 1'],
  ['operation_log', 'sqlite_autoindex_operation_log_1', '1000000 1'],
  ['operation_log', 'operation_log_newest', '1000000 10000 2 1'],
  ['audit', 'audit_id', '10000000 1'],
  ['audit', 'audit_newest', '10000000 100000 2 1'],
  ['audit', 'audit_of_resource', '10000000 10 10'],
]

/** Inside the transaction that migrates; connections opened afterwards believe it, too. */
export async function setStatistics(session: Session): Promise<void> {
  const command = (text: ReturnType<typeof sql>) => session.all({ compile: () => text.compile(session.db) })
  // Makes the table where there is none, of a table that has nothing to count.
  await command(sql`analyze migration`)
  await command(sql`delete from sqlite_stat1`)
  const rows = statistics.map(([table, index, numbers]) => sql`(${table}, ${index}, ${numbers})`)
  await command(sql`insert into sqlite_stat1 (tbl, idx, stat) values ${sql.join(rows)}`)
  // Of no table, this reads the numbers again.
  await command(sql`analyze sqlite_schema`)
}

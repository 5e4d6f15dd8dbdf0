import { enterpriseProjectAsked } from '../../contract/enterprise-project.ts'
import { refuse } from '../../contract/errors.ts'
import type { Operations } from '../../contract/operations.gen.ts'
import { orderOf, pageOf } from '../../contract/paging.ts'
import { instantFrom } from '../../contract/times.ts'
import type { BackupFilter, BackupSortKey } from '../../ports/catalog/backup.ts'
import { recordsOfBackups } from '../replication/replication-view.ts'
import type { UseCase } from '../use-case.ts'
import { backupViews } from './backup-view.ts'

const sortKeys: readonly BackupSortKey[] = ['created_at', 'updated_at', 'name', 'status', 'protected_at', 'id']

/** Own backups, or those shared to the project, or both (semantics 5.5, 8.6). */
export const listBackups: UseCase<'ListBackups', 'catalog'> = (ports, caller, { query }) => {
  const page = pageOf(query)
  const order = orderOf(query.sort, sortKeys)
  const filter = filterFrom(query)
  return ports.catalog.read(async records => {
    const { rows, total } = await records.backups.list(caller.projectId, filter, order, page)
    const backups = await backupViews(records, caller.projectId, rows)
    const recordsOf = query.show_replication
      ? await recordsOfBackups(
          records,
          backups.map(({ id }) => id),
        )
      : undefined
    return {
      backups: recordsOf ? backups.map(backup => ({ ...backup, replication_records: recordsOf(backup.id) })) : backups,
      count: total,
      limit: page.limit,
      offset: page.offset,
    }
  })
}

type Query = Operations['ListBackups']['query']

/** `dec` asks for backups of dedicated clouds, of which there is none here: it filters nothing. */
function filterFrom(query: Query): BackupFilter {
  return {
    ownType: query.own_type ?? 'private',
    ...given('memberStatus', query.member_status),
    ...given('ids', query.id),
    ...given('checkpointId', query.checkpoint_id),
    ...given('parentId', query.parent_id),
    ...given('resourceId', query.resource_id),
    ...given('resourceName', query.resource_name),
    ...given('resourceType', query.resource_type),
    ...given('resourceAz', query.resource_az),
    ...given('imageType', query.image_type),
    ...given('name', query.name),
    ...given('statuses', query.status),
    ...given('vaultId', query.vault_id),
    ...given('createdFrom', query.start_time && instantFrom('start_time', query.start_time)),
    ...given('createdTo', query.end_time && instantFrom('end_time', query.end_time)),
    ...given('incremental', query.incremental),
    ...given('enterpriseProjectId', enterpriseProjectAsked(query.enterprise_project_id)),
    ...given('usedPercent', query.used_percent && percentFrom(query.used_percent)),
    ...given('keptByCount', query.existed_quantity_based_retention_backups),
  }
}

/** Leaves the key out where there is no value. */
const given = <K extends string, V>(key: K, value: V | '' | undefined): { readonly [k in K]?: V } =>
  value === undefined || value === '' ? {} : ({ [key]: value } as { readonly [k in K]?: V })

function percentFrom(text: string): number {
  const percent = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (percent < 1 || percent > 100) refuse('9900', { field: 'used_percent', value: text, range: '1 to 100' })
  return percent
}

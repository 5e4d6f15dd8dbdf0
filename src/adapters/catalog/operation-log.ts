import { type SqlBool, sql } from 'kysely'
import { DEFAULT_ENTERPRISE_PROJECT } from '../../contract/enterprise-project.ts'
import type { OperationLogFilter, OperationLogRecord, OperationLogs } from '../../ports/catalog/operation-log.ts'
import { first, insertAll, type Session } from './session.ts'
import { given, NEWEST_FIRST, slice, total } from './slice.ts'
import { type RowOf, table } from './table.ts'
import type { StoredLog } from './tables.ts'

const logTable = table<StoredLog>({
  id: 'text',
  projectId: 'text',
  type: 'text',
  status: 'text',
  createdAt: 'time',
  startedAt: 'time',
  updatedAt: 'time',
  endedAt: 'time?',
  providerId: 'text?',
  vaultId: 'text?',
  vaultName: 'text?',
  checkpointId: 'text?',
  policyId: 'text?',
  errorCode: 'text',
  errorMessage: 'text',
  progress: 'number',
  requestId: 'text',
  resourceId: 'text',
  resourceName: 'text',
  resourceType: 'text',
  detail: 'json',
})

const FINAL = ['success', 'skipped', 'failed', 'timeout'] as const

/**
 * A destination stands in the detail alone, which is text to both engines. What is looked for begins and ends with the
 * quotes of JSON, which no value has inside.
 */
const destined = ({ destinationRegion, destinationProjectId }: OperationLogFilter) =>
  Object.entries({ destination_region: destinationRegion, destination_project_id: destinationProjectId }).flatMap(
    ([name, value]) => {
      if (value === undefined) return []
      const stated = `${JSON.stringify(name)}:${JSON.stringify(value)}`
      return [sql<SqlBool>`type = 'replication' and replace(detail, ${stated}, '') <> detail`]
    },
  )

/** Tasks outlive their vaults, so that the subquery may find none. */
const belonging = ({ enterpriseProjectId: asked }: OperationLogFilter) => {
  if (asked === undefined) return []
  const ofVault = sql`(select v.enterprise_project_id from vault as v where v.id = operation_log.vault_id)`
  return [sql<SqlBool>`coalesce(${ofVault}, ${sql.lit(DEFAULT_ENTERPRISE_PROJECT)}) = ${asked}`]
}

const toStored = ({ resource, ...log }: OperationLogRecord): StoredLog => ({
  ...log,
  resourceId: resource.id,
  resourceName: resource.name,
  resourceType: resource.type,
})

function toRecord(row: RowOf<StoredLog>): OperationLogRecord {
  const { resourceId, resourceName, resourceType, ...log } = logTable.toRecord(row)
  return { ...log, resource: { id: resourceId, name: resourceName, type: resourceType } }
}

export function operationLogsOf(session: Session): OperationLogs {
  const { db } = session
  const named = (projectId: string, id: string) =>
    db.selectFrom('operation_log').selectAll().where('id', '=', id).where('project_id', '=', projectId)
  return {
    insert: logs => insertAll(session, 'operation_log', logTable, logs.map(toStored)),
    async find(projectId, id) {
      const row = await first(session, named(projectId, id))
      return row && toRecord(row)
    },
    async list(projectId, filter, page) {
      const { startedFrom, endedTo } = filter
      const matching = db
        .selectFrom('operation_log')
        .where('project_id', '=', projectId)
        .where(e =>
          e.and(
            given({
              type: filter.type,
              status: filter.status,
              provider_id: filter.providerId,
              resource_id: filter.resourceId,
              resource_name: filter.resourceName,
              vault_id: filter.vaultId,
              vault_name: filter.vaultName,
            }),
          ),
        )
        .where(e => e.and([...destined(filter), ...belonging(filter)]))
        .$if(startedFrom !== undefined, query => query.where('started_at', '>=', Number(startedFrom)))
        .$if(endedTo !== undefined, query => query.where('ended_at', '<=', Number(endedTo)))
      const marker = (id: string) => first(session, named(projectId, id))
      const found = await slice(
        session,
        {
          rows: matching.selectAll(),
          total: matching.select(total),
          from: 'operation_log',
          sorts: NEWEST_FIRST,
          marker,
        },
        page,
      )
      return { rows: found.rows.map(toRecord), total: found.total }
    },
    async update(id, patch) {
      const changes = logTable.toChanges(patch)
      if (Object.keys(changes).length === 0) return
      await session.all(
        db.updateTable('operation_log').set(changes).where('id', '=', id).where('status', 'not in', FINAL),
      )
    },
    async removeEndedBefore(at) {
      const query = db
        .deleteFrom('operation_log')
        .where('ended_at', '<', at.getTime())
        .where('status', 'in', FINAL)
        .returning('id')
      return (await session.all(query)).length
    },
  }
}

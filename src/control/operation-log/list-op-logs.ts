import { enterpriseProjectAsked } from '../../contract/enterprise-project.ts'
import type { Operations } from '../../contract/operations.gen.ts'
import { pageOf } from '../../contract/paging.ts'
import { instantFrom } from '../../contract/times.ts'
import type { OperationLogFilter } from '../../ports/catalog/operation-log.ts'
import type { UseCase } from '../use-case.ts'
import { asOperationLog } from './operation-log-view.ts'

/** The project's tasks, newest first; those of a vault outlive it (semantics 13). */
export const listOpLogs: UseCase<'ListOpLogs', 'catalog'> = async (ports, caller, { query }) => {
  const page = pageOf(query)
  const filter = filterFrom(query)
  const { rows, total } = await ports.catalog.read(records =>
    records.operationLogs.list(caller.projectId, filter, page),
  )
  return { operation_logs: rows.map(asOperationLog), count: total, limit: page.limit, offset: page.offset }
}

type Query = Operations['ListOpLogs']['query']

function filterFrom(query: Query): OperationLogFilter {
  const enterpriseProjectId = enterpriseProjectAsked(query.enterprise_project_id)
  return {
    ...(query.operation_type && { type: query.operation_type }),
    ...(query.status && { status: query.status }),
    ...(query.provider_id && { providerId: query.provider_id }),
    ...(query.resource_id && { resourceId: query.resource_id }),
    ...(query.resource_name && { resourceName: query.resource_name }),
    ...(query.vault_id && { vaultId: query.vault_id }),
    ...(query.vault_name && { vaultName: query.vault_name }),
    ...(enterpriseProjectId && { enterpriseProjectId }),
    ...(query.start_time && { startedFrom: instantFrom('start_time', query.start_time) }),
    ...(query.destination_region && { destinationRegion: query.destination_region }),
    ...(query.destination_project_id && { destinationProjectId: query.destination_project_id }),
    ...(query.end_time && { endedTo: instantFrom('end_time', query.end_time) }),
  }
}

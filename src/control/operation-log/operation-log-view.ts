import type { OperationLog } from '../../contract/operations.gen.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { OperationLogRecord } from '../../ports/catalog/operation-log.ts'

/** A task on the wire (semantics 13): a resource carries nothing but id, name and type. */
export const asOperationLog = (log: OperationLogRecord): OperationLog => ({
  id: log.id,
  project_id: log.projectId,
  ...(log.type !== 'verify' && { operation_type: log.type }),
  status: log.status,
  created_at: asTimestamp(log.createdAt),
  started_at: asTimestamp(log.startedAt),
  updated_at: asTimestamp(log.updatedAt),
  ...(log.endedAt && { ended_at: asTimestamp(log.endedAt) }),
  ...(log.providerId !== undefined && { provider_id: log.providerId }),
  ...(log.vaultId !== undefined && { vault_id: log.vaultId }),
  ...(log.vaultName !== undefined && { vault_name: log.vaultName }),
  ...(log.checkpointId !== undefined && { checkpoint_id: log.checkpointId }),
  ...(log.policyId !== undefined && { policy_id: log.policyId }),
  error_info: { code: log.errorCode, message: log.errorMessage },
  extra_info: {
    common: { progress: log.progress, request_id: log.requestId, task_id: log.id },
    resource: { id: log.resource.id, name: log.resource.name, type: log.resource.type },
    ...log.detail,
  },
})

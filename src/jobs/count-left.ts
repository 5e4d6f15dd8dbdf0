import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'

/** Writes into the operation log how many backups a deletion left (semantics 13); how many there were stands there. */
export async function countLeft(
  records: Pick<Records, 'operationLogs'>,
  { projectId, operationLogId }: JobRecord,
  left: number,
): Promise<void> {
  const log = operationLogId === undefined ? undefined : await records.operationLogs.find(projectId, operationLogId)
  if (log === undefined) return
  const { vault_delete: vault, remove_resources: resources } = log.detail
  await records.operationLogs.update(log.id, {
    detail: {
      ...log.detail,
      ...(vault && { vault_delete: { ...vault, fail_count: left, fail_delete_count: left } }),
      ...(resources && { remove_resources: { ...resources, fail_count: left } }),
    },
  })
}

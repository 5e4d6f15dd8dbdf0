import type { BackupSync } from '../../contract/operations.gen.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import { recordOperation } from '../operation-log/start-operation.ts'
import type { ProjectCaller, UseCase } from '../use-case.ts'

/**
 * Brings backups in from an on-premises service's bucket (semantics 20). No such service is connected to this one: a backup
 * that the project has already is in line, and its task has succeeded; any other cannot be brought, which its task says.
 */
export const importBackup: UseCase<'ImportBackup', 'catalog' | 'now'> = async (ports, caller, { body }) => {
  const at = ports.now()
  const sync = await ports.catalog.change(async records => {
    const answers = []
    for (const wanted of body.sync) {
      const operationLogId = await importOne(records, caller, wanted, at)
      answers.push({ backup_id: wanted.backup_id, operation_log_id: operationLogId })
    }
    return answers
  })
  return { sync }
}

async function importOne(
  records: Records,
  { projectId, requestId }: ProjectCaller,
  wanted: BackupSync,
  at: Date,
): Promise<string> {
  const backup = await records.backups.find(wanted.backup_id)
  const isHere = backup?.projectId === projectId
  return recordOperation(records, {
    type: 'sync',
    projectId,
    requestId,
    at,
    resource: { id: wanted.resource_id, name: wanted.resource_name, type: wanted.resource_type },
    detail: { sync: { sync_backup_num: isHere ? 1 : 0, delete_backup_num: 0, err_sync_backup_num: isHere ? 0 : 1 } },
    ...(!isHere && {
      failure: { code: '6200', message: 'no service is connected here that it could be brought from' },
    }),
  })
}

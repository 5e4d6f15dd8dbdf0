import { refuse } from '../../contract/errors.ts'
import { recordOperation } from '../operation-log/start-operation.ts'
import type { UseCase } from '../use-case.ts'
import { providerOf } from '../vault/vault-kinds.ts'
import { checkChangeable, lockVault } from '../vault/vault-rules.ts'

/**
 * Brings a hybrid vault in line with its on-premises service (semantics 20): 6105, 7300, 6112. None is connected to this
 * one, so that there is nothing to bring; the task has ended with success when the call answers.
 */
export const importCheckpoint: UseCase<'ImportCheckpoint', 'catalog' | 'now'> = async (ports, caller, { body }) => {
  const { projectId, requestId } = caller
  const { vault_id: vaultId } = body.sync
  const operationLogId = await ports.catalog.change(async records => {
    const vault = await lockVault(records, projectId, vaultId)
    if (vault.cloudType !== 'hybrid' && vault.protectType !== 'hybrid') refuse('7300', { cloud_type: vault.cloudType })
    checkChangeable(vault)
    return recordOperation(records, {
      type: 'sync',
      projectId,
      requestId,
      at: ports.now(),
      providerId: providerOf(vault.objectType),
      vault,
      resource: { id: vault.id, name: vault.name, type: 'vault' },
      detail: { sync: { sync_backup_num: 0, delete_backup_num: 0, err_sync_backup_num: 0 } },
    })
  })
  return { sync: { vault_id: vaultId, operation_log_id: operationLogId } }
}

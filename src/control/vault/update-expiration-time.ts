import { recordOperation } from '../operation-log/start-operation.ts'
import type { UseCase } from '../use-case.ts'
import { endOfDay, expiringBefore } from './expiration-rules.ts'
import { requestHolds } from './hold-backups.ts'
import { providerOf } from './vault-kinds.ts'
import { checkChangeable, lockVault } from './vault-rules.ts'

/** Keeps the automatic backups of a vault until a later day; never until an earlier one. */
export const updateExpirationTime: UseCase<'UpdateExpirationTime', 'catalog' | 'now' | 'wake'> = async (
  ports,
  caller,
  { path, body },
) => {
  const { projectId, requestId } = caller
  const { expect_expiration_date: day, time_zone: zone } = body
  const at = ports.now()
  const answer = await ports.catalog.change(async records => {
    const vault = await lockVault(records, projectId, path.vault_id)
    const end = endOfDay(day, zone)
    checkChangeable(vault)
    const extended = expiringBefore(await records.backups.within({ projectId, vaultId: vault.id }), end)
    await records.backups.update(
      extended.map(backup => backup.id),
      { expiredAt: end, updatedAt: at },
    )
    if (extended.length > 0) await requestHolds(records, vault, { at })
    const affected = extended.filter(backup => backup.parentId === undefined).length
    const log = await recordOperation(records, {
      type: 'sync',
      projectId,
      requestId,
      at,
      providerId: providerOf(vault.objectType),
      vault,
      resource: { id: vault.id, name: vault.name, type: 'vault' },
      detail: { update_expiration_time: { affected_backups_count: affected, expiration_day: day } },
    })
    return { affected_backups_count: affected, new_expiration_day: day, operation_log_id: log }
  })
  ports.wake()
  return answer
}

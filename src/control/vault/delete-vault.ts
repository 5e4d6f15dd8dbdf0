import { refuse } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { isHeld, rejectSharesInVault } from '../member/member-release.ts'
import { startOperation } from '../operation-log/start-operation.ts'
import type { UseCase } from '../use-case.ts'
import { checkDeletable, condemnBackups, isWhole } from './condemn-backups.ts'
import { providerOf } from './vault-kinds.ts'
import { lockVault } from './vault-rules.ts'

/**
 * The vault goes with all its backups; resources, tags and policies are released (semantics 3.7). What it had accepted
 * from others becomes rejected; the data stay with their owners.
 */
export const deleteVault: UseCase<'DeleteVault', 'catalog' | 'wake' | 'now'> = async (ports, caller, { path }) => {
  const { projectId, requestId } = caller
  const at = ports.now()
  await ports.catalog.change(async records => {
    const vault = await lockVault(records, projectId, path.vault_id)
    if (vault.status !== 'available' && vault.status !== 'error') refuse('6112', { status: vault.status })
    if (vault.chargingMode === 'pre_paid') refuse('6111', { charging_mode: vault.chargingMode })
    const backups = await records.backups.within({ projectId, vaultId: vault.id })
    checkNothingLocked(vault, backups, at)
    const [running] = await records.replications.runningIn(vault.id)
    if (running) refuse('6130', { replication: running.id })
    await checkDeletable(records, projectId, backups, { backup: '6203', restore: '6125' })
    await checkAcceptedFree(records, vault)
    await condemnBackups(records, backups, at)
    await records.appliedPolicies.remove({ vaultId: vault.id })
    await rejectSharesInVault(records, vault.id, at)
    await records.vaults.update(vault.id, { status: 'deleting', updatedAt: at })
    const total = backups.filter(isWhole).length
    await startOperation(records, {
      type: 'vault_delete',
      projectId,
      requestId,
      at,
      providerId: providerOf(vault.objectType),
      vault,
      resource: { id: vault.id, name: vault.name, type: 'vault' },
      detail: { vault_delete: { total_count: total, fail_count: 0, total_delete_count: total, fail_delete_count: 0 } },
      job: 'delete-vault',
      payload: { vaultId: vault.id },
    })
  })
  ports.wake()
  return undefined
}

/** Automatic backups of a locked vault live until they expire (semantics 3.6), those without a date for ever. */
function checkNothingLocked(vault: VaultRecord, backups: readonly BackupRecord[], at: Date): void {
  if (!vault.locked) return
  const kept = backups.find(
    ({ autoTrigger, status, expiredAt }) =>
      autoTrigger && status !== 'error' && (expiredAt === undefined || expiredAt > at),
  )
  if (kept !== undefined) refuse('6111', { locked: true, 'unexpired backup': kept.id })
}

/** An image that this project registered from a share it accepted into the vault keeps the vault: 6204. */
async function checkAcceptedFree(records: Pick<Records, 'members' | 'images'>, vault: VaultRecord): Promise<void> {
  const accepted = (await records.members.inVault(vault.id)).map(member => member.backupId)
  const images = await records.images.ofBackups(accepted)
  const own = images.find(image => image.projectId === vault.projectId && isHeld(image))
  if (own !== undefined) refuse('6204', { image: own.id, backup: own.backupId })
}

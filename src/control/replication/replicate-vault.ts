/** What of a vault is replicated together, by a client's call or by a policy. */
import { refuse } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ReplicationRecord } from '../../ports/catalog/replication.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { ReplicaGround } from '../../ports/replicas.ts'
import { inOrder } from '../backup/backup-rules.ts'
import { superfluous } from '../policy/retention.ts'
import { earlierReplicas } from './look-at-destination.ts'
import { checkGround, isRunning } from './replication-rules.ts'
import { type Start, startReplication } from './start-replication.ts'

export interface VaultStart extends Omit<Start, 'name' | 'description'> {
  /** As it was seen before the transaction. */
  readonly ground: ReplicaGround
}

type Looked = Pick<Records, 'backups' | 'replications'>

export async function earlierReplicasOfVault(records: Looked, vault: VaultRecord, region: string) {
  return earlierReplicas(
    records,
    (await candidatesIn(records, vault)).map(({ id }) => id),
    region,
  )
}

/**
 * Starts a replication of each of the vault's backups that has none in the region, oldest first; answers their records,
 * none where nothing is left. 6128 where nothing in the vault can be replicated, 6130 while an earlier call's run, 6120,
 * 6119, 6129. A policy never replicates again what it has replicated once, nor what its own rules would let go at once.
 */
export async function replicateVault(
  records: Records,
  vault: VaultRecord,
  { ground, ...start }: VaultStart,
): Promise<readonly ReplicationRecord[]> {
  const { region, vaultId } = start.destination
  const candidates = await candidatesIn(records, vault)
  if (candidates.length === 0) refuse('6128', { vault: vault.id })
  const known = await records.replications.ofBackups(candidates.map(({ id }) => id))
  const there = known.filter(record => record.destinationRegion === region)
  if (there.some(isRunning)) refuse('6130', { region })
  const done = new Set(there.filter(isDone(ground, start.policy !== undefined)).map(record => record.sourceBackupId))
  const left = worthKeeping(candidates, start).filter(({ id }) => !done.has(id))
  if (left.length === 0) return []
  checkGround(ground, vaultId, Math.max(...left.map(({ fullBytes }) => fullBytes)))
  const begun: ReplicationRecord[] = []
  for (const { id } of left) {
    const backup = await records.backups.lock(id)
    if (backup) begun.push(await startReplication(records, { backup, vault }, start))
  }
  return begun
}

/** Server backups that can be replicated now, oldest first. */
async function candidatesIn(
  records: Looked,
  { projectId, id: vaultId }: VaultRecord,
): Promise<readonly BackupRecord[]> {
  const all = await records.backups.within({ projectId, vaultId })
  return inOrder(
    all.filter(
      backup =>
        backup.parentId === undefined &&
        backup.imageType === 'backup' &&
        backup.resourceType === 'OS::Nova::Server' &&
        backup.containSystemDisk &&
        backup.status === 'available',
    ),
  )
}

const isDone =
  ({ existing }: ReplicaGround, once: boolean) =>
  ({ status, destinationBackupId: id }: ReplicationRecord): boolean =>
    status === 'success' && (once || (id !== undefined && existing.includes(id)))

/** Of each server's backups those that the policy's rules by number would keep. */
function worthKeeping(
  candidates: readonly BackupRecord[],
  { policy, at }: Pick<Start, 'policy' | 'at'>,
): readonly BackupRecord[] {
  if (policy === undefined) return candidates
  const byServer = Map.groupBy(candidates, ({ resourceId }) => resourceId)
  const surplus = new Set([...byServer.values()].flatMap(some => superfluous(some, policy.retention, at)))
  return candidates.filter(backup => !surplus.has(backup))
}

import { refuse } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { recordOperation } from '../operation-log/start-operation.ts'
import type { ProjectCaller, UseCase } from '../use-case.ts'
import { isWhole, takenOf } from '../vault/condemn-backups.ts'
import { occupy } from '../vault/occupy.ts'
import { providerOf } from '../vault/vault-kinds.ts'
import { lockVault } from '../vault/vault-rules.ts'
import { checkAtRest, checkRoomFor, checkVaultsFit } from './migration-rules.ts'
import { namedResources } from './named-resources.ts'
import { MOST_RESOURCES } from './resource-rules.ts'

/** Moves resources with all their backups. Only rows move, so it is done when the call answers; shares stay as they are. */
export const migrateVaultResource: UseCase<'MigrateVaultResource', 'catalog' | 'now'> = async (
  ports,
  caller,
  { path, body },
) => {
  const ids = [...new Set(body.resource_ids)]
  const at = ports.now()
  await ports.catalog.change(async records => {
    const [source, destination] = await lockBoth(records, caller.projectId, [path.vault_id, body.destination_vault_id])
    const resources = await namedResources(records, source.id, ids)
    checkVaultsFit(source, destination)
    const { projectId } = caller
    const backups = await records.backups.within({ projectId, vaultId: source.id })
    checkAtRest([...backups, ...(await records.backups.within({ projectId, vaultId: destination.id }))])
    const present = (await records.resources.of([destination.id])).length
    if (present + ids.length > MOST_RESOURCES) refuse('6100', { resources: present, asked: ids.length })
    const moves: Pick<Move, 'resource' | 'backups'>[] = []
    for (const resource of resources) {
      moves.push({
        resource,
        backups: await takenOf(records, { projectId, vaultId: source.id, resourceId: resource.id }),
      })
    }
    const bytes = storedBytes(moves.flatMap(move => move.backups))
    checkRoomFor(bytes, destination)
    for (const move of moves) await moveOne(records, caller, { ...move, source, destination, at })
    await records.vaults.charge(source.id, -bytes)
    await occupy(records, destination, bytes, at)
  })
  return { migrated_resources: ids }
}

/** In order of their ids, so that two opposite migrations wait for each other instead of deadlocking. */
async function lockBoth(
  records: Pick<Records, 'vaults'>,
  projectId: string,
  [from, to]: readonly [string, string],
): Promise<readonly [VaultRecord, VaultRecord]> {
  const [first, second] = from < to ? [from, to] : [to, from]
  const one = await lockVault(records, projectId, first)
  if (first === second) refuse('9900', { destination_vault_id: 'the resources are in it already' })
  const other = await lockVault(records, projectId, second)
  return from < to ? [one, other] : [other, one]
}

interface Move {
  readonly resource: ResourceRecord
  readonly backups: readonly BackupRecord[]
  readonly source: VaultRecord
  readonly destination: VaultRecord
  readonly at: Date
}

async function moveOne(records: Records, { projectId, requestId }: ProjectCaller, move: Move): Promise<void> {
  const { resource, backups, source, destination, at } = move
  await records.resources.move(source.id, [resource.id], destination.id)
  await records.backups.update(
    backups.map(backup => backup.id),
    { vaultId: destination.id },
  )
  await recordOperation(records, {
    type: 'sync',
    projectId,
    requestId,
    at,
    providerId: providerOf(source.objectType),
    vault: source,
    resource: { id: resource.id, name: resource.name, type: resource.type },
    detail: { sync: { sync_backup_num: backups.filter(isWhole).length, delete_backup_num: 0, err_sync_backup_num: 0 } },
  })
}

/** A server's backup has the sums of its disks' backups. */
const storedBytes = (backups: readonly BackupRecord[]): number =>
  backups.filter(isWhole).reduce((sum, backup) => sum + backup.storedBytes, 0)

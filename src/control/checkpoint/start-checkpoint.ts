/** How a checkpoint begins, whether a client asks for it or a policy is due (semantics 2, 6). */
import { errors } from '../../contract/errors.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { CheckpointRecord, SkippedResource } from '../../ports/catalog/checkpoint.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { noteSkipped } from '../operation-log/note-skipped.ts'
import { startOperation } from '../operation-log/start-operation.ts'
import { providerOf } from '../vault/vault-kinds.ts'
import type { Outbox } from '../webhook/tell.ts'
import { backupRows } from './backup-rows.ts'
import { backupName, type Chosen, checkpointName, type Skipped } from './checkpoint-rules.ts'

export interface Start {
  /** At least one. */
  readonly chosen: readonly Chosen[]
  readonly skipped: readonly Skipped[]
  /** Made where none is asked for. */
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly autoTrigger: boolean
  readonly incremental: (resource: ResourceRecord) => boolean
  /** Days; -1: age says nothing. */
  readonly retentionDays: number
  readonly at: Date
  readonly requestId: string
  /** The policy whose run it is. */
  readonly policyId?: string
}

/** The caller holds the vault's lock. The work is the jobs', which have to be told once the transaction is over. */
export async function startCheckpoint(records: Records, vault: VaultRecord, start: Start): Promise<CheckpointRecord> {
  const checkpoint = checkpointOf(vault, start)
  await records.checkpoints.insert(checkpoint)
  for (const position of start.chosen.keys()) await startBackup(records, { checkpoint, vault, start, position })
  await noteAllSkipped(records, vault, { ...start, checkpointId: checkpoint.id })
  return checkpoint
}

function checkpointOf(vault: VaultRecord, start: Start): CheckpointRecord {
  const { autoTrigger, chosen } = start
  return {
    id: crypto.randomUUID(),
    projectId: vault.projectId,
    vaultId: vault.id,
    vaultName: vault.name,
    name: checkpointName({ asked: start.name, auto: autoTrigger, prefix: vault.backupNamePrefix }),
    description: start.description ?? '',
    status: 'protecting',
    createdAt: start.at,
    autoTrigger,
    incremental: chosen.every(({ resource }) => start.incremental(resource)),
    retentionDays: start.retentionDays,
    resources: chosen.map(({ resource, server, disks }) => ({
      id: resource.id,
      type: resource.type,
      name: server?.name ?? disks[0]?.name ?? resource.name,
      sizeBytes: disks.reduce((sum, disk) => sum + disk.sizeBytes, 0),
    })),
    skipped: start.skipped.map(asSkipped),
  }
}

const asSkipped = ({ resource, code }: Skipped): SkippedResource => ({
  id: resource.id,
  type: resource.type,
  name: resource.name,
  code: `BackupService.${code}`,
  reason: errors[code][1],
})

interface Position {
  readonly checkpoint: CheckpointRecord
  readonly vault: VaultRecord
  readonly start: Start
  readonly position: number
}

/** The rows of one resource's backup, its operation log and its job. */
async function startBackup(records: Records, { checkpoint, vault, start, position }: Position): Promise<void> {
  const choice = start.chosen[position]
  if (choice === undefined) throw new Error(`the checkpoint has no resource at ${position}`)
  const { resource } = choice
  const name = backupName(checkpoint.name, position, start.chosen.length)
  const incremental = start.incremental(resource)
  const rows = backupRows(choice, checkpoint, { vault, name, incremental })
  const backupId = rows[0].id
  await records.backups.insert(rows)
  await records.resources.setStatus(vault.id, [resource.id], 'protecting')
  await startOperation(records, {
    type: 'backup',
    projectId: checkpoint.projectId,
    requestId: start.requestId,
    at: start.at,
    providerId: providerOf(vault.objectType),
    checkpointId: checkpoint.id,
    ...(start.policyId && { policyId: start.policyId }),
    resource: { id: resource.id, name: rows[0].resourceName, type: resource.type },
    detail: { backup: { backup_id: backupId, backup_name: name, incremental: incremental ? 'true' : 'false' } },
    job: 'take-backup',
    payload: { backupId },
    vault,
  })
}

export interface LeftOut extends Pick<Start, 'skipped' | 'at' | 'requestId' | 'policyId'> {
  /** Absent where everything was left out. */
  readonly checkpointId?: string
}

/** A log for each resource that is left out. */
export async function noteAllSkipped(
  records: Outbox & Pick<Records, 'operationLogs'>,
  vault: VaultRecord,
  { skipped, at, requestId, policyId, checkpointId }: LeftOut,
): Promise<void> {
  for (const { resource, code } of skipped) {
    await noteSkipped(records, {
      type: 'backup',
      projectId: vault.projectId,
      requestId,
      at,
      providerId: providerOf(vault.objectType),
      vaultId: vault.id,
      vaultName: vault.name,
      ...(checkpointId && { checkpointId }),
      ...(policyId && { policyId }),
      resource: { id: resource.id, name: resource.name, type: resource.type },
      code,
    })
  }
}

import type { CheckpointCreate, CheckpointResourceResp } from '../../contract/operations.gen.ts'
import { asGb, asMb } from '../../contract/sizes.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { CheckpointRecord, CheckpointResource } from '../../ports/catalog/checkpoint.ts'
import type { ProtectStatus, ResourceRecord } from '../../ports/catalog/resource.ts'
import { isInTheMaking } from '../backup/backup-rules.ts'

/** What a checkpoint is shown with: its top-level backups, and those of its resources that are still in the vault. */
export interface Surroundings {
  readonly backups: readonly BackupRecord[]
  readonly resources: readonly ResourceRecord[]
}

/** A checkpoint on the wire. Sizes and counts of its resources are strings, unlike a vault's (semantics 6). */
export const asCheckpoint = (checkpoint: CheckpointRecord, around: Surroundings): CheckpointCreate => ({
  id: checkpoint.id,
  project_id: checkpoint.projectId,
  status: checkpoint.status,
  created_at: asTimestamp(checkpoint.createdAt),
  vault: {
    id: checkpoint.vaultId,
    name: checkpoint.vaultName,
    resources: checkpoint.resources.map(resource => asResource(resource, around)),
    skipped_resources: checkpoint.skipped.map(skipped => ({ ...skipped })),
  },
  extra_info: {
    name: checkpoint.name,
    description: checkpoint.description,
    retention_duration: checkpoint.retentionDays,
  },
})

function asResource(resource: CheckpointResource, { backups, resources }: Surroundings): CheckpointResourceResp {
  const bound = resources.find(({ id }) => id === resource.id)
  return {
    id: resource.id,
    type: resource.type,
    name: resource.name,
    protect_status: protectStatus(backups.find(backup => backup.resourceId === resource.id)),
    resource_size: String(asGb(resource.sizeBytes)),
    ...(bound && { backup_size: String(asMb(bound.backupBytes)), backup_count: String(bound.backupCount) }),
  }
}

/** How far this checkpoint has come with the resource; `available` also once its backup has been deleted again. */
function protectStatus(backup: BackupRecord | undefined): ProtectStatus {
  if (backup === undefined) return 'available'
  if (isInTheMaking(backup)) return 'protecting'
  return backup.status === 'error' ? 'error' : 'available'
}

import type { JobKind } from '../ports/catalog/job.ts'
import { collectGarbage } from './collect-garbage.ts'
import { deleteBackup } from './delete-backup.ts'
import { deleteVault } from './delete-vault.ts'
import { deliverEvents } from './deliver-events.ts'
import { fillDisk } from './fill-disk.ts'
import { holdBackups } from './hold-backups.ts'
import type { JobType } from './job-ports.ts'
import { receiveReplica } from './receive-replica.ts'
import { registerImage } from './register-image.ts'
import { removeDisk } from './remove-disk.ts'
import { removeResource } from './remove-resource.ts'
import { replicateBackup } from './replicate-backup.ts'
import { restoreBackup } from './restore-backup.ts'
import { scrub } from './scrub.ts'
import { takeBackup } from './take-backup.ts'
import { verifyBackup } from './verify-backup.ts'

/** Every kind of work that outlives its request, and the function that does it. */
export const kinds: Readonly<Record<JobKind, JobType>> = {
  'take-backup': takeBackup,
  'restore-backup': restoreBackup,
  'delete-backup': deleteBackup,
  'delete-vault': deleteVault,
  'remove-resource': removeResource,
  'register-image': registerImage,
  'fill-disk': fillDisk,
  'remove-disk': removeDisk,
  'hold-backups': holdBackups,
  'collect-garbage': collectGarbage,
  'replicate-backup': replicateBackup,
  'receive-replica': receiveReplica,
  'verify-backup': verifyBackup,
  'deliver-events': deliverEvents,
  scrub,
}

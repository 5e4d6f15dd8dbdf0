import { diskBackups, holdsBytes } from '../control/backup/backup-rules.ts'
import { isWhole } from '../control/vault/condemn-backups.ts'
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import { refOf } from './chain.ts'
import { textOf } from './job-payload.ts'
import type { JobContext, JobPorts, JobType } from './job-ports.ts'
import { publish } from './publish.ts'

/**
 * Tells the datastore until when the automatic backups of a locked vault have to stay: one, or all of the vault. What does
 * not answer is tried for ever. A hold is never shortened, so that doing it again is harmless.
 */
export const holdBackups: JobType = { lane: 'light', mostAttempts: Number.POSITIVE_INFINITY, run }

async function run(ports: JobPorts, job: JobRecord, context: JobContext): Promise<void> {
  for (const { whole, parts } of await kept(ports, job)) {
    for (const part of parts) {
      context.signal.throwIfAborted()
      await ports.datastore.hold(refOf(part), whole.expiredAt)
    }
  }
  await publish(ports, job, context, async () => ({}))
}

interface Kept {
  readonly whole: BackupRecord
  /** The disks' backups, which have the bytes. */
  readonly parts: readonly BackupRecord[]
}

/** What is to be held now; a backup that is on its way out already was accepted to go. */
function kept({ catalog }: JobPorts, job: JobRecord): Promise<readonly Kept[]> {
  const vaultId = textOf(job, 'vaultId')
  const { projectId, payload } = job
  return catalog.read(async ({ vaults, backups }) => {
    const vault = await vaults.find(projectId, vaultId)
    if (!vault?.locked) return []
    const { backupId } = payload
    const one = typeof backupId === 'string' ? await backups.find(backupId) : undefined
    const all = typeof backupId === 'string' ? [one] : await backups.within({ projectId, vaultId })
    const found: Kept[] = []
    for (const whole of all) {
      const stays = whole && isWhole(whole) && whole.autoTrigger && holdsBytes(whole)
      if (!stays || whole.status === 'waiting_delete') continue
      found.push({ whole, parts: diskBackups(whole, await backups.childrenOf([whole.id])).filter(holdsBytes) })
    }
    return found
  })
}

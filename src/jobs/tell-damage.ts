import type { Records } from '../ports/catalog/catalog.ts'
import type { JobPorts } from './job-ports.ts'

/** Something that is not what was written, and the disks' backups (manifests) that need it. */
export interface Damage {
  readonly chunk?: string
  readonly pack?: string
  readonly what: string
  readonly backups: readonly string[]
}

export interface DamageReport {
  readonly realm: string
  readonly damages: readonly Damage[]
  readonly jobId: string
  readonly at: Date
}

/** Backups that get a row each in the audit trail; the log has all. */
const MOST_AUDITED = 1000

/** Into the log, and into the audit trail of the project whose backups are damaged: one row per whole backup. */
export async function tellDamage(
  { log }: Pick<JobPorts, 'log'>,
  records: Pick<Records, 'backups' | 'audits'>,
  { realm, damages, jobId, at }: DamageReport,
): Promise<void> {
  for (const damage of damages) log.error({ realm, ...damage }, 'stored data is damaged')
  const damaged = new Set<string>()
  for (const id of new Set(damages.flatMap(({ backups }) => backups))) {
    const backup = await records.backups.find(id)
    if (backup) damaged.add(backup.parentId ?? backup.id)
  }
  for (const resourceId of [...damaged].slice(0, MOST_AUDITED)) {
    await records.audits.append({
      id: crypto.randomUUID(),
      at,
      projectId: realm,
      userId: '',
      userName: 'opencbr',
      operation: 'FindDamage',
      resourceId,
      sourceIp: '',
      requestId: jobId,
      status: 500,
      errorCode: 'OpenCBR.0500',
    })
  }
}

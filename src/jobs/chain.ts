/**
 * The backups of one disk in one vault, in the order they were taken. Each is charged with the bytes that it holds and
 * the next older one does not: what other disks' backups happen to share with it does not count, so that no deletion
 * elsewhere, and no collection that has not come yet, makes a charge wrong.
 */
import { holdingBytes } from '../control/backup/backup-rules.ts'
import type { ManifestRef } from '../datastore/datastore.ts'
import type { BackupRecord, NearestLook } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import { Fault } from '../ports/fault.ts'
import type { JobPorts } from './job-ports.ts'

/** A backup that was measured against its neighbours has got others since: measure again. */
export class ChainMoved extends Error {
  constructor(backupId: string) {
    super(`the neighbours of backup ${backupId} have changed`)
    this.name = 'ChainMoved'
  }
}

export const refOf = ({ projectId, id }: BackupRecord): ManifestRef => ({ realm: projectId, id })

/** The next older and the next newer one that hold bytes, whether the backup itself does yet or not. */
export interface Neighbours {
  readonly older: BackupRecord | undefined
  readonly newer: BackupRecord | undefined
}

export async function neighboursOf(records: Pick<Records, 'backups'>, part: BackupRecord): Promise<Neighbours> {
  const { projectId, vaultId, resourceId } = part
  const beside = (edge: Pick<NearestLook, 'olderThan' | 'newerThan'>) =>
    records.backups.nearest({ projectId, vaultId, resourceId }, { ...holdingBytes, ...edge })
  return { older: await beside({ olderThan: part }), newer: await beside({ newerThan: part }) }
}

export interface Measured extends Neighbours {
  /** Sealed bytes that the backup holds and its neighbours do not. */
  readonly alone: number
}

/** Measures a backup against its neighbours; all of it is its own where the store cannot tell (any more). */
export async function measure(
  ports: Pick<JobPorts, 'catalog' | 'datastore' | 'log'>,
  part: BackupRecord,
  fullBytes: number,
): Promise<Measured> {
  const { older, newer } = await ports.catalog.read(records => neighboursOf(records, part))
  const neighbours = [older, newer].filter(other => other !== undefined)
  if (neighbours.length === 0) return { older, newer, alone: fullBytes }
  try {
    return { older, newer, alone: await ports.datastore.heldAlone(refOf(part), neighbours.map(refOf)) }
  } catch (error) {
    if (!(error instanceof Fault) || (error.kind !== 'missing' && error.kind !== 'corrupt')) throw error
    ports.log.error({ err: error, backup: part.id }, 'a backup, or one beside it, cannot be read')
    return { older, newer, alone: fullBytes }
  }
}

/** Asked in the transaction that charges by the measure: ChainMoved when it has lost its ground. */
export async function checkMeasured(
  records: Pick<Records, 'backups'>,
  part: BackupRecord,
  measured: Measured,
): Promise<void> {
  const { older, newer } = await neighboursOf(records, part)
  if (older?.id !== measured.older?.id || newer?.id !== measured.newer?.id) throw new ChainMoved(part.id)
}

/** Does it again for as long as the chain moves under it. */
export async function untilMeasured(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work()
      return
    } catch (error) {
      if (!(error instanceof ChainMoved)) throw error
    }
  }
}

/**
 * The destination's side of a replication (ports/replicas.ts). While an upload lasts, a job stands for it, claimed by the
 * upload itself: a collection waits for it as for a running backup. Whoever sends renews the claim by each call; when
 * nothing is heard of the upload any more, the claim lapses, the runner takes the job, and what was begun is taken back.
 */
import { Refusal, refuse } from '../contract/errors.ts'
import { diskBackups, isInTheMaking } from '../control/backup/backup-rules.ts'
import { receivedRecord, replicaRows } from '../control/replication/replica-rows.ts'
import { checkFirst, checkGround, isRunning } from '../control/replication/replication-rules.ts'
import { freeBytes } from '../control/vault/vault-rules.ts'
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import type { ReplicationRecord } from '../ports/catalog/replication.ts'
import type { VaultRecord } from '../ports/catalog/vault.ts'
import { Fault } from '../ports/fault.ts'
import {
  type BegunReplica,
  type ReplicaDoor,
  type ReplicaOrder,
  type ReplicaVault,
  UPLOAD_PATIENCE_MS,
  type Upload,
} from '../ports/replicas.ts'
import { finishReplica } from './finish-replica.ts'
import { textOf } from './job-payload.ts'
import type { JobPorts, JobType } from './job-ports.ts'
import { publish } from './publish.ts'
import { removeRows } from './remove-rows.ts'
import { requestCollection } from './request-collection.ts'

export type ReceivingPorts = Pick<JobPorts, 'catalog' | 'datastore' | 'now' | 'log' | 'settings' | 'wake'>

const kinds = { data: 0, page: 1 } as const

export function openReplicaDoor(ports: ReceivingPorts): ReplicaDoor {
  const { catalog, datastore, now } = ports
  const { incoming } = datastore
  const refOf = ({ projectId: realm, id: upload }: Upload) => ({ realm, upload })
  return {
    look: ({ projectId, vaultId, backupIds }) =>
      catalog.read(async records => {
        const vault = await records.vaults.find(projectId, vaultId)
        const existing: string[] = []
        for (const id of backupIds) if (await isStanding(records, projectId, id)) existing.push(id)
        return { ...(vault && { vault: asSeen(vault) }), existing }
      }),
    begin: order => catalog.change(records => begin(records, order, { region: ports.settings.region, at: now() })),
    async missing(upload, { kind, hashes }) {
      await heard(ports, upload)
      return incoming.missing(refOf(upload), { kind: kinds[kind], hashes })
    },
    async store(upload, chunks) {
      await heard(ports, upload)
      const incomingChunks = chunks.map(chunk => ({ ...chunk, kind: kinds[chunk.kind] }))
      await refusing(() => incoming.store(refOf(upload), incomingChunks))
    },
    async putDisk(upload, { backupId, sizeBytes, pages }) {
      const replica = await heard(ports, upload)
      const disk = replica.disks.find(({ id }) => id === backupId) ?? refuse('6200', { backup: backupId })
      if (disk.resourceSizeBytes !== sizeBytes)
        refuse('9900', { bytes: sizeBytes, 'were to be': disk.resourceSizeBytes })
      const written = await refusing(() => incoming.put(refOf(upload), { id: backupId, sizeBytes, pages }))
      const { digest, fullBytes } = written
      await catalog.change(async records => {
        await heldJob(records, upload, now())
        await records.backups.update([backupId], { digest, fullBytes, updatedAt: now() })
      })
      return { digest }
    },
    async finish(upload) {
      const { backup } = await heard(ports, upload)
      await finishReplica(ports, backup.id, records => heldJob(records, upload, now()))
      incoming.end(refOf(upload))
      ports.wake()
    },
    async abandon(upload, failure) {
      incoming.end(refOf(upload))
      await catalog.change(async records => {
        const job = await jobOf(records, upload)
        if (job === undefined) return
        await takeBack(records, job, { ...failure, region: ports.settings.region, at: now() })
        await records.jobs.finish(job.id)
      })
      ports.wake()
    },
  }
}

/** Nothing is heard of the upload any more (see the top of this file). */
export const receiveReplica: JobType = {
  lane: 'light',
  mostAttempts: 10,
  run: (ports, job, context) =>
    publish(ports, job, context, async (records, at) => {
      const failure = { code: 'BackupService.9910', message: 'nothing was heard of the source any more' }
      await takeBack(records, job, { ...failure, region: ports.settings.region, at })
      return {}
    }),
}

const asSeen = (vault: VaultRecord): ReplicaVault => ({
  status: vault.status,
  objectType: vault.objectType,
  protectType: vault.protectType,
  freeBytes: freeBytes(vault),
})

async function isStanding(records: Pick<Records, 'backups'>, projectId: string, id: string): Promise<boolean> {
  const backup = await records.backups.find(id)
  return backup?.projectId === projectId && backup.imageType === 'replication' && backup.status !== 'error'
}

interface Here {
  readonly region: string
  readonly at: Date
}

async function begin(records: Records, order: ReplicaOrder, here: Here): Promise<BegunReplica> {
  const { projectId, vaultId } = order
  const vault = await records.vaults.lock(projectId, vaultId)
  const record = await records.replications.find(order.recordId)
  if (record && !isSame(record, order)) refuse('1009', { record: order.recordId })
  const id = record?.destinationBackupId
  const before = id === undefined ? undefined : await records.backups.lock(id)
  if (before && isInTheMaking(before)) return goOn(records, order, before, here.at)
  if (before?.status === 'available') return { ...idsOf(before, []), upload: { projectId, id: '' }, finished: true }
  await checkOnly(records, order, here)
  checkGround(vault ? { vault: asSeen(vault) } : {}, vaultId, order.backup.fullBytes)
  if (vault === undefined) throw new Error('a vault that is not there passed the check')
  const rows = replicaRows(order, vault, here.at)
  const [backup, ...disks] = rows.backups
  await records.checkpoints.insert(rows.checkpoint)
  await records.backups.insert(rows.backups)
  const ids = { destinationBackupId: backup.id, destinationCheckpointId: rows.checkpoint.id, updatedAt: here.at }
  if (record === undefined)
    await records.replications.insert({ ...receivedRecord(order, here.region, here.at), ...ids })
  else await records.replications.update(record.id, { ...ids, status: 'replicating' })
  const upload = await hold(records, order, backup.id, here.at)
  return { ...idsOf(backup, disks), upload, finished: false }
}

/** Ids are chosen by the source: another one's record is none of its business. */
const isSame = (record: ReplicationRecord, { projectId, vaultId, source }: ReplicaOrder): boolean =>
  record.destinationProjectId === projectId &&
  record.destinationVaultId === vaultId &&
  record.sourceBackupId === source.backupId &&
  record.sourceRegion === source.region

const idsOf = (backup: BackupRecord, disks: readonly BackupRecord[]) => ({
  backupId: backup.id,
  checkpointId: backup.checkpointId,
  disks: disks.map(({ id }) => id),
})

/** An upload that is still held goes on; after one that is not, everything is asked for anew. */
async function goOn(records: Records, order: ReplicaOrder, backup: BackupRecord, at: Date): Promise<BegunReplica> {
  const { projectId } = order
  const children = await records.backups.childrenOf([backup.id])
  const disks = order.backup.disks.map(
    disk => children.find(child => child.resourceId === disk.resourceId) ?? refuse('1009', { record: order.recordId }),
  )
  const job = await jobFor(records, projectId, order.recordId)
  if (job && isHeld(job, at)) {
    await records.jobs.renew(job.id, claimOf(order.recordId), until(at))
    return { ...idsOf(backup, disks), upload: { projectId, id: job.id }, finished: false }
  }
  if (job) await records.jobs.finish(job.id)
  return { ...idsOf(backup, disks), upload: await hold(records, order, backup.id, at), finished: false }
}

/** One replica per source and region: 1009. Seen from the project alone, whatever others say of the same source. */
async function checkOnly(records: Records, order: ReplicaOrder, { region }: Here): Promise<void> {
  const known = (await records.replications.ofBackups([order.source.backupId])).filter(
    other =>
      other.id !== order.recordId &&
      other.destinationProjectId === order.projectId &&
      other.sourceBackupId === order.source.backupId,
  )
  const existing: string[] = []
  for (const { destinationBackupId: id } of known) {
    if (id !== undefined && (await isStanding(records, order.projectId, id))) existing.push(id)
  }
  const running = known.filter(other => !isRunning(other) || existing.includes(other.destinationBackupId ?? ''))
  checkFirst(running, region, existing)
}

const claimOf = (recordId: string): string => `replica/${recordId}`
const until = (at: Date): Date => new Date(at.getTime() + UPLOAD_PATIENCE_MS)
const isHeld = ({ payload, claimedBy, claimedUntil }: JobRecord, at: Date): boolean =>
  claimedBy === claimOf(String(payload.recordId)) && claimedUntil !== undefined && claimedUntil > at

async function hold(records: Records, order: ReplicaOrder, backupId: string, at: Date): Promise<Upload> {
  const id = crypto.randomUUID()
  const { recordId, projectId } = order
  const claim = { claimedBy: claimOf(recordId), claimedUntil: until(at) }
  const payload = { recordId, backupId, ...(order.retention && { retention: order.retention }) }
  const times = { createdAt: at, runAfter: at }
  await records.jobs.insert([{ id, kind: 'receive-replica', projectId, payload, ...times, attempts: 0, ...claim }])
  return { projectId, id }
}

async function jobFor(records: Pick<Records, 'jobs'>, projectId: string, recordId: string) {
  const jobs = await records.jobs.open(projectId, ['receive-replica'])
  return jobs.find(({ payload }) => payload.recordId === recordId)
}

async function jobOf(records: Pick<Records, 'jobs'>, { projectId, id }: Upload): Promise<JobRecord | undefined> {
  return (await records.jobs.open(projectId, ['receive-replica'])).find(job => job.id === id)
}

async function heldJob(records: Pick<Records, 'jobs'>, upload: Upload, at: Date): Promise<JobRecord> {
  const job = await jobOf(records, upload)
  if (job && isHeld(job, at)) return job
  throw new Fault('conflict', 'the upload has ended; begin it again', { permanent: false })
}

/** Keeps the upload, and finds what it is about. Written seldom: an upload makes many calls. */
async function heard({ catalog, now }: ReceivingPorts, upload: Upload) {
  const at = now()
  const found = await catalog.read(async records => {
    const job = await heldJob(records, upload, at)
    const backup = await records.backups.find(textOf(job, 'backupId'))
    if (backup === undefined) throw new Fault('conflict', 'the replica has been removed', { permanent: false })
    return { job, backup, disks: diskBackups(backup, await records.backups.childrenOf([backup.id])) }
  })
  const left = (found.job.claimedUntil?.getTime() ?? 0) - at.getTime()
  if (left < (UPLOAD_PATIENCE_MS * 2) / 3) {
    await catalog.change(async records => {
      const job = await heldJob(records, upload, now())
      await records.jobs.renew(job.id, job.claimedBy ?? '', until(now()))
    })
  }
  return found
}

/** What came from outside and is wrong is the sender's fault. */
async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Fault && (error.kind === 'corrupt' || error.kind === 'missing'))
      throw new Refusal('9900', { problem: error.message })
    throw error
  }
}

interface Ending {
  readonly code: string
  readonly message: string
  readonly region: string
  readonly at: Date
}

/** The rows go, the bytes are the collector's. A source that is here as well says itself what became of the record. */
async function takeBack(records: Records, job: JobRecord, { code, message, region, at }: Ending): Promise<void> {
  const record = await records.replications.find(textOf(job, 'recordId'))
  const backup = await records.backups.find(textOf(job, 'backupId'))
  if (backup && isInTheMaking(backup)) {
    await removeRows(records, backup)
    await requestCollection(records, job.projectId, at)
  }
  if (record && record.sourceRegion !== region)
    await records.replications.update(record.id, { status: 'fail', failCode: code, failReason: message, updatedAt: at })
}

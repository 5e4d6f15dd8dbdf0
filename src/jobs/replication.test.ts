/** What becomes of replications that one side gives up, or says nothing more of. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, openHouse, projects, type TestHouse } from '../../test/house.ts'
import { closedDoor, noReplicas } from '../../test/no-replicas.ts'
import { aVault, backUp, replicate, replicationEnded, seen } from '../../test/replication-ground.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import { Fault } from '../ports/fault.ts'
import { type ReplicaOrder, UPLOAD_PATIENCE_MS } from '../ports/replicas.ts'
import type { JobContext, JobPorts } from './job-ports.ts'
import { replicateBackup } from './replicate-backup.ts'
import { settle } from './settle.ts'

let house: TestHouse
let shift = 0
let source: string
let target: string
let backup: Answer['body']
before(async () => {
  house = await openHouse({
    now: () => new Date(Date.now() + shift),
    environment: { OPENCBR_REPLICATION_WITHIN_REGION: 'true' },
  })
  source = await aVault(house, 'alice', 'backup')
  target = await aVault(house, 'alice', 'replication')
  backup = await backUp(house, source)
})
after(() => house.close())

const orderFor = (vaultId: string): ReplicaOrder => {
  const part = { resourceId: 'd', resourceName: 'd', resourceAz: 'a', sizeBytes: 2 ** 20, encrypted: false, full: true }
  return {
    recordId: crypto.randomUUID(),
    projectId: projects.alpha,
    vaultId,
    name: 'n',
    description: '',
    autoTrigger: false,
    source: {
      region: 'elsewhere-1',
      projectId: projects.gamma,
      vaultId: crypto.randomUUID(),
      backupId: crypto.randomUUID(),
      checkpointId: crypto.randomUUID(),
    },
    backup: {
      ...part,
      createdAt: house.ports.now(),
      incremental: false,
      fullBytes: 1,
      disks: [{ ...part, bootable: true, systemDisk: true }],
    },
  }
}

const rowsIn = (vaultId: string) =>
  house.ports.catalog.read(({ backups }) => backups.within({ projectId: projects.alpha, vaultId }))

test('an upload goes on under the same ids; when nothing is heard of it, it is taken back', async () => {
  const { own } = house.ports.replicas
  const order = orderFor(target)
  const begun = await own.begin(order)
  assert.deepEqual(await own.begin(order), begun)
  assert.equal((await rowsIn(target)).length, 2)
  const other = { ...order, recordId: crypto.randomUUID() }
  await assert.rejects(own.begin(other), { code: '1009' })
  await assert.rejects(own.begin({ ...order, vaultId: source }), { code: '1009' })
  shift += UPLOAD_PATIENCE_MS + 1000
  const late = own.missing(begun.upload, { kind: 'data', hashes: new Uint8Array(32) })
  await assert.rejects(late, (error: unknown) => error instanceof Fault && error.kind === 'conflict')
  house.runner?.wake()
  await house.runner?.idle()
  assert.deepEqual(await rowsIn(target), [])
  assert.equal((await house.ports.catalog.read(({ jobs }) => jobs.open(projects.alpha, ['receive-replica']))).length, 0)
  const again = await own.begin(order)
  assert.notEqual(again.backupId, begun.backupId)
  await own.abandon(again.upload, { code: 'c', message: 'm' })
  await own.abandon(again.upload, { code: 'c', message: 'm' })
  assert.deepEqual(await rowsIn(target), [])
})

test('a vault goes neither while a replica of its backups is made nor while one is made in it', async () => {
  const order = orderFor(target)
  const begun = await house.ports.replicas.own.begin(order)
  const answer = await house.call('alice', 'DELETE', `/v3/{project_id}/vaults/${target}`)
  assert.equal(answer.body.error_code, 'BackupService.6130')
  await house.ports.replicas.own.abandon(begun.upload, { code: 'c', message: 'm' })
})

test('a region that does not answer: tried again, and at the last time failed with the reason', async () => {
  const { catalog } = house.ports
  const door = { ...closedDoor, look: async () => ({ existing: [] }) }
  const peer = { region: 'dead-1', door, allows: () => true, vaults: async () => ({ vaults: [], count: 0 }) }
  const replicas = { ...noReplicas, regions: ['dead-1'], peer: () => peer }
  const job = await waitingJob()
  const { log } = house.ports
  const ports = { ...house.ports, replicas, datastore: house.datastore, log } as unknown as JobPorts
  const context: JobContext = { worker: 'w', signal: new AbortController().signal, progress: () => undefined }
  const tryOnce = async (attempts: number) => {
    const run = { ...job, attempts }
    await assert.rejects(replicateBackup.run(ports, run, context), (error: unknown) => {
      void settle(ports, replicateBackup, run, { ...context, error }).then(settled.resolve)
      return true
    })
    await settled.promise
  }
  let settled = Promise.withResolvers<void>()
  await tryOnce(1)
  const released = await catalog.read(({ jobs }) => jobs.open(projects.alpha, ['replicate-backup']))
  assert.deepEqual([released.length, released[0]?.claimedBy], [1, undefined])
  await claim(job)
  settled = Promise.withResolvers<void>()
  await tryOnce(10)
  assert.deepEqual(await catalog.read(({ jobs }) => jobs.open(projects.alpha, ['replicate-backup'])), [])
  const record = await catalog.read(({ replications }) => replications.find(String(job.payload.recordId)))
  assert.deepEqual([record?.status, record?.failReason], ['fail', 'region dead-1 did not answer'])
  assert.equal((await catalog.read(({ backups }) => backups.find(backup.id)))?.uses, 0)
  const shown = (await seen(house, 'alice', backup.id)).replication_records
  assert.equal(shown[0].extra_info.fail_reason, 'region dead-1 did not answer')
  const to = { region: 'local-1', project: projects.alpha, vault: target }
  assert.equal((await replicate(house, backup.id, to)).status, 200)
  assert.equal((await replicationEnded(house)).status, 'success')
})

/** A replication that waits, as a call leaves it, in the hands of this test. */
async function waitingJob(): Promise<JobRecord> {
  const at = house.ports.now()
  const recordId = crypto.randomUUID()
  const job: JobRecord = {
    id: crypto.randomUUID(),
    kind: 'replicate-backup',
    projectId: projects.alpha,
    payload: { recordId, name: 'n', description: '' },
    createdAt: at,
    runAfter: new Date(at.getTime() + 10 * UPLOAD_PATIENCE_MS),
    attempts: 1,
    claimedBy: 'w',
    claimedUntil: new Date(at.getTime() + 10 * UPLOAD_PATIENCE_MS),
  }
  await house.ports.catalog.change(async ({ replications, jobs, backups }) => {
    await replications.insert({
      id: recordId,
      status: 'waiting_replicate',
      sourceRegion: 'local-1',
      sourceProjectId: projects.alpha,
      sourceVaultId: source,
      sourceBackupId: backup.id,
      sourceCheckpointId: backup.checkpoint_id,
      destinationRegion: 'dead-1',
      destinationProjectId: projects.beta,
      destinationVaultId: crypto.randomUUID(),
      autoTrigger: false,
      progress: 0,
      failCode: '',
      failReason: '',
      createdAt: at,
      updatedAt: at,
    })
    await backups.use(backup.id, 1)
    await jobs.insert([job])
  })
  return job
}

/** Takes it back from where the settlement has put it. */
const claim = (job: JobRecord): Promise<void> =>
  house.ports.catalog.change(async ({ jobs }) => {
    await jobs.finish(job.id)
    await jobs.insert([job])
  })

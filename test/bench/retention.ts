/**
 * `npm run bench:retention`: what does it cost to delete 1, 100 and 1,000 of 10,000 backups, and to get their space back?
 * The embedded shape's own parts on a disk: SQLite with full sync, a directory of packs, the jobs. Deletions are asked
 * for as a user does, oldest first, as retention does it; collections are timed by themselves. Each row says how much was
 * freed, since that is what the time should follow.
 *
 * BACKUPS=10000 FOLDER=/mnt/disk narrow it down.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteCatalog } from '../../src/adapters/catalog/sqlite.ts'
import { localDisks } from '../../src/adapters/disks/local.ts'
import { localUploads } from '../../src/adapters/disks/uploads.ts'
import { openKeyFileRing } from '../../src/adapters/keyring/key-file.ts'
import { openFilesystemObjectStore } from '../../src/adapters/object-store/filesystem.ts'
import { deleteBackup } from '../../src/control/backup/delete-backup.ts'
import type { Collected } from '../../src/datastore/datastore.ts'
import { openDatastore } from '../../src/datastore/open.ts'
import { silentLog } from '../../src/datastore/test-realm.ts'
import type { JobPorts } from '../../src/jobs/job-ports.ts'
import { startRunner } from '../../src/jobs/runner.ts'
import { alice } from '../desk.ts'
import { noEvents } from '../no-events.ts'
import { noReplicas } from '../no-replicas.ts'
import { DISKS, fillRealm } from './retention-realm.ts'

const BACKUPS = Number(process.env.BACKUPS ?? 10_000)
const DELETED = [1, 100, 1000, 100, 1].filter(count => count <= BACKUPS / 5)
const MIB = 2 ** 20

interface Row {
  readonly deleted: number
  readonly requestMs: number
  readonly jobMs: number
  readonly collectMs: number
  readonly freedBytes: number
  readonly keptBytes: number
}

const folder = await mkdtemp(join(process.env.FOLDER ?? tmpdir(), 'opencbr-bench-'))
try {
  const objectStore = await openFilesystemObjectStore(join(folder, 'store'))
  const catalog = await openSqliteCatalog({ file: join(folder, 'catalog.db') })
  const keyring = await openKeyFileRing({ file: join(folder, 'master.key'), objectStore })
  const log = silentLog()
  const openBytes = () => openDatastore({ objectStore, keyring, log })
  const settings = {
    region: 'r',
    availabilityZone: 'az-1',
    mostVaults: 10,
    mostWebhooks: 10,
    smallestVaultGb: 1,
    disksFolder: folder,
    importsFolder: folder,
  }
  const disks = localDisks()
  const rest = {
    catalog,
    replicas: noReplicas,
    ...noEvents,
    disks,
    uploads: localUploads(disks),
    now: () => new Date(),
    log,
    wake: () => undefined,
    settings,
  }
  const filling = openBytes()
  const ids = [...(await fillRealm({ ...rest, datastore: filling }, BACKUPS))]
  await filling.close()
  const datastore = openBytes() // as after a restart: nothing is known of what is referred to
  report(await measure({ ...rest, datastore }, ids))
  await datastore.close()
  await catalog.close()
  await objectStore.close()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function measure(ports: JobPorts, ids: string[]): Promise<readonly Row[]> {
  const rows = [await round(ports, ids, 0), await round(ports, ids, 0)]
  for (const count of DELETED) {
    rows.push(await round(ports, ids, count))
    process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`)
  }
  const checked = await ports.datastore.check({ realm: alice.projectId, read: true })
  if (checked.damaged.length + checked.problems.length > 0) throw new Error('what is left is damaged')
  return rows
}

async function round(ports: JobPorts, ids: string[], count: number): Promise<Row> {
  const began = performance.now()
  for (let asked = 0; asked < count; asked++) {
    const [id = ''] = ids.splice(0, 1)
    const path = { project_id: alice.projectId, backup_id: id }
    await deleteBackup(ports, alice, { path, query: {}, body: undefined })
  }
  const requested = performance.now()
  await work(ports, { collect: 0 })
  const deleted = performance.now()
  const collected = await collecting(ports, ids)
  return {
    deleted: count,
    requestMs: requested - began,
    jobMs: deleted - requested,
    collectMs: performance.now() - deleted,
    freedBytes: collected?.freedBytes ?? 0,
    keptBytes: collected?.keptBytes ?? 0,
  }
}

/** By the job that the deletions left; where there was none to delete, by asking as the daily round does. */
async function collecting(ports: JobPorts, ids: readonly string[]): Promise<Collected | undefined> {
  let collected: Collected | undefined
  const collect: JobPorts['datastore']['collect'] = async request => {
    collected = await ports.datastore.collect(request)
    return collected
  }
  await work({ ...ports, datastore: { ...ports.datastore, collect } }, {})
  const live = async () => ids
  const writersDrained = async () => undefined
  return collected ?? ports.datastore.collect({ realm: alice.projectId, live, writersDrained })
}

async function work(ports: JobPorts, lanes: { readonly collect?: number }): Promise<void> {
  const runner = startRunner(ports, { lookEvery: 1e9, alone: true, lanes })
  await runner.idle()
  await runner.stop()
}

function report(rows: readonly Row[]): void {
  const cpu = cpus()
  console.log(
    `\n${new Date().toISOString().slice(0, 10)}, ${cpu.length} x ${cpu[0]?.model ?? '?'}, Node ${process.versions.node},`,
  )
  console.log(`${BACKUPS} backups of ${DISKS} disks of 4 MiB\n`)
  console.log(
    '| deleted | requests ms | per request | jobs ms | per job | collection ms | per deletion | freed MiB | kept MiB |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|')
  for (const { deleted, requestMs, jobMs, collectMs, freedBytes, keptBytes } of rows) {
    const per = (ms: number): string => (deleted === 0 ? '' : (ms / deleted).toFixed(2))
    const cells = [deleted, requestMs.toFixed(0), per(requestMs), jobMs.toFixed(0), per(jobMs), collectMs.toFixed(0)]
    console.log(
      `| ${[...cells, per(collectMs), (freedBytes / MIB).toFixed(1), (keptBytes / MIB).toFixed(0)].join(' | ')} |`,
    )
  }
}

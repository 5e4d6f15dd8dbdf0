/**
 * A house without a front door, for tests of what jobs do: real rules, catalog, datastore and raw disk files; the store
 * and the catalog are in memory, the clock is the test's. The runner is started by the test, so that it can also find
 * what an earlier one left.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteCatalog } from '../src/adapters/catalog/sqlite.ts'
import { localDisks } from '../src/adapters/disks/local.ts'
import { localUploads } from '../src/adapters/disks/uploads.ts'
import { openKeyFileRing } from '../src/adapters/keyring/key-file.ts'
import { memoryObjectStore } from '../src/adapters/object-store/memory.ts'
import { localProtectables } from '../src/adapters/protectables/local.ts'
import type { BackupResp, CheckpointParam, Operations } from '../src/contract/operations.gen.ts'
import { deleteBackup } from '../src/control/backup/delete-backup.ts'
import { restoreBackup } from '../src/control/backup/restore-backup.ts'
import { showBackup } from '../src/control/backup/show-backup.ts'
import { createCheckpoint } from '../src/control/checkpoint/create-checkpoint.ts'
import { showOpLog } from '../src/control/operation-log/show-op-log.ts'
import { addVaultResource } from '../src/control/resource/add-vault-resource.ts'
import type { ProjectCaller } from '../src/control/use-case.ts'
import { createVault } from '../src/control/vault/create-vault.ts'
import { openDatastore } from '../src/datastore/open.ts'
import type { JobPorts } from '../src/jobs/job-ports.ts'
import { type Runner, type RunnerOptions, startRunner } from '../src/jobs/runner.ts'
import type { Catalog } from '../src/ports/catalog/catalog.ts'
import type { DiskRecord } from '../src/ports/catalog/disk.ts'
import type { Log } from '../src/ports/log.ts'
import type { Machines } from '../src/ports/machines.ts'
import type { ObjectStore } from '../src/ports/object-store.ts'
import type { Ports } from '../src/ports/ports.ts'
import { alice } from './desk.ts'
import { noEvents } from './no-events.ts'
import { noReplicas } from './no-replicas.ts'

export const MIB = 2 ** 20

export interface Workshop extends AsyncDisposable {
  readonly ports: JobPorts & Pick<Ports, 'protectables'>
  readonly objectStore: ObjectStore
  readonly folder: string
  /** Every line of warnings and errors. */
  readonly complaints: string[]
  /** Moves the clock on. */
  later(milliseconds: number): void
  start(options?: RunnerOptions): Runner
  /** Starts a runner if there is none, and waits until nothing is left to do. */
  work(): Promise<void>
  /** A raw disk of random bytes, attached to the server if one is named. */
  disk(name: string, given?: Partial<DiskRecord>): Promise<DiskRecord>
  server(
    name: string,
    diskNames: readonly string[],
  ): Promise<{ readonly id: string; readonly disks: readonly DiskRecord[] }>
  /** A vault of 10 GB with these resources. */
  vault(resources: readonly { readonly id: string }[], objectType?: 'server' | 'disk'): Promise<string>
  /** Takes a checkpoint and answers the ids of its backups, without waiting for them. */
  checkpoint(
    vaultId: string,
    parameters?: CheckpointParam,
  ): Promise<{ readonly id: string; readonly backups: readonly string[] }>
  show(backupId: string, caller?: ProjectCaller): Promise<BackupResp>
  erase(backupId: string, caller?: ProjectCaller): Promise<unknown>
  restore(
    backupId: string,
    body: Operations['RestoreBackup']['body']['restore'],
    caller?: ProjectCaller,
  ): Promise<string>
  log(id: string): Promise<NonNullable<Operations['ShowOpLog']['answer']['operation_log']>>
}

const DISK_BYTES = 3 * MIB

export interface WorkshopOptions {
  /** Closed with the workshop. */
  readonly catalog?: Catalog
  readonly objectStore?: ObjectStore
  readonly machines?: Machines
}

export async function openWorkshop(over: WorkshopOptions = {}): Promise<Workshop> {
  const folder = await mkdtemp(join(tmpdir(), 'opencbr-workshop-'))
  const objectStore = over.objectStore ?? memoryObjectStore()
  const catalog = over.catalog ?? (await openSqliteCatalog({ file: ':memory:' }))
  const keyring = await openKeyFileRing({ file: join(folder, 'master.key'), objectStore })
  const complaints: string[] = []
  const log = logTo(complaints)
  let shift = 0
  const now = () => new Date(Date.now() + shift)
  const datastore = openDatastore({ objectStore, keyring, log, now, threads: 1, packBytes: 2 ** 18 })
  const runners: Runner[] = []
  const ports: Workshop['ports'] = {
    catalog,
    datastore,
    disks: localDisks(),
    ...(over.machines && { machines: over.machines }),
    replicas: noReplicas,
    ...noEvents,
    uploads: localUploads(localDisks()),
    protectables: localProtectables(catalog),
    now,
    log,
    wake: () => runners.at(-1)?.wake(),
    settings: {
      region: 'local-1',
      availabilityZone: 'az-1',
      mostVaults: Number.POSITIVE_INFINITY,
      mostWebhooks: 10,
      smallestVaultGb: 1,
      disksFolder: folder,
      importsFolder: folder,
    },
  }
  const start: Workshop['start'] = options => {
    const runner = startRunner(ports, { lookEvery: 20, drainFor: 0, alone: true, ...options })
    runners.push(runner)
    return runner
  }
  return {
    ports,
    objectStore,
    folder,
    complaints,
    later: milliseconds => {
      shift += milliseconds
    },
    start,
    work: () => (runners.at(-1) ?? start()).idle(),
    ...inventoryOf(ports, folder),
    ...deskOf(ports),
    async [Symbol.asyncDispose]() {
      for (const runner of runners) await runner.stop()
      await datastore.close()
      await catalog.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** Does what there is to do with a runner of its own, which does not stay: what comes next waits for another one. */
export async function workAndStop(shop: Pick<Workshop, 'start'>): Promise<void> {
  const runner = shop.start()
  await runner.idle()
  await runner.stop()
}

function logTo(lines: string[]): Log {
  const complain = (facts: object, message: string) => {
    const { err } = facts as { readonly err?: unknown }
    lines.push(err === undefined ? message : `${message}: ${err instanceof Error ? err.stack : String(err)}`)
  }
  const ignore = () => undefined
  const log: Log = { debug: ignore, info: ignore, warn: complain, error: complain, child: () => log }
  return log
}

function inventoryOf({ catalog, now }: JobPorts, folder: string): Pick<Workshop, 'disk' | 'server'> {
  const { projectId } = alice
  const disk: Workshop['disk'] = async (name, given = {}) => {
    const path = join(folder, `${name}.raw`)
    const sizeBytes = given.sizeBytes ?? DISK_BYTES
    await fill(path, sizeBytes)
    const record: DiskRecord = {
      id: crypto.randomUUID(),
      projectId,
      name,
      description: '',
      sizeBytes,
      path,
      format: 'raw',
      status: given.serverId === undefined ? 'available' : 'in-use',
      bootable: false,
      availabilityZone: 'az-1',
      volumeType: 'local',
      createdAt: now(),
      updatedAt: now(),
      managed: false,
      metadata: {},
      ...given,
    }
    await catalog.change(({ disks }) => disks.insert(record))
    return record
  }
  const server: Workshop['server'] = async (name, diskNames) => {
    const id = crypto.randomUUID()
    await catalog.change(({ servers }) =>
      servers.put({ id, projectId, name, status: 'ACTIVE', availabilityZone: 'az-1', createdAt: now() }),
    )
    const disks: DiskRecord[] = []
    for (const [at, diskName] of diskNames.entries()) {
      const device = `/dev/vd${'abcdef'[at]}`
      disks.push(await disk(diskName, { serverId: id, device, bootable: at === 0 }))
    }
    return { id, disks }
  }
  return { disk, server }
}

/** Random bytes with a hole in the middle. */
async function fill(path: string, bytes: number): Promise<void> {
  await using file = await open(path, 'w')
  await file.truncate(bytes)
  const third = Math.floor(bytes / 3)
  await file.write(randomBytes(third), 0, third, 0)
  await file.write(randomBytes(third), 0, third, bytes - third)
}

function deskOf(
  ports: Workshop['ports'],
): Pick<Workshop, 'vault' | 'checkpoint' | 'show' | 'erase' | 'restore' | 'log'> {
  const path = { project_id: alice.projectId }
  return {
    async vault(resources, objectType = 'server') {
      const billing = { object_type: objectType, protect_type: 'backup', size: 10 } as const
      const { vault } = await createVault(ports, alice, {
        path,
        query: {},
        body: { vault: { name: 'vault', resources: [], billing } },
      })
      assert.ok(vault)
      const type = objectType === 'server' ? 'OS::Nova::Server' : 'OS::Cinder::Volume'
      if (resources.length > 0) {
        await addVaultResource(ports, alice, {
          path: { ...path, vault_id: vault.id },
          query: {},
          body: { resources: resources.map(({ id }) => ({ id, type })) },
        })
      }
      return vault.id
    },
    async checkpoint(vaultId, parameters = {}) {
      const { checkpoint } = await createCheckpoint(ports, alice, {
        path,
        query: {},
        body: { checkpoint: { vault_id: vaultId, parameters } },
      })
      assert.ok(checkpoint)
      const place = { projectId: alice.projectId, checkpointId: checkpoint.id }
      const rows = await ports.catalog.read(({ backups }) => backups.within(place))
      return { id: checkpoint.id, backups: rows.filter(row => row.parentId === undefined).map(row => row.id) }
    },
    async show(id, caller = alice) {
      const at = { project_id: caller.projectId, backup_id: id }
      const { backup } = await showBackup(ports, caller, { path: at, query: {}, body: undefined })
      assert.ok(backup)
      return backup
    },
    erase: (id, caller = alice) =>
      deleteBackup(ports, caller, {
        path: { project_id: caller.projectId, backup_id: id },
        query: {},
        body: undefined,
      }),
    async restore(id, restore, caller = alice) {
      const at = { project_id: caller.projectId, backup_id: id }
      const { job_id: job } = await restoreBackup(ports, caller, { path: at, query: {}, body: { restore } })
      assert.ok(job)
      return job
    },
    async log(id) {
      const at = { ...path, operation_log_id: id }
      const { operation_log: log } = await showOpLog(ports, alice, { path: at, query: {}, body: undefined })
      assert.ok(log)
      return log
    },
  }
}

/**
 * A house with a clock that a test moves, for what policies do in months and years: real rules, catalog, schedule, jobs
 * and runner. Only the bytes are none: the disks open at once and the datastore says it has written a megabyte, since a
 * thousand vaults do not become truer by a thousand disks. A test can make it fail, or keep a write waiting.
 */
import { openSqliteCatalog } from '../src/adapters/catalog/sqlite.ts'
import { localUploads } from '../src/adapters/disks/uploads.ts'
import { localProtectables } from '../src/adapters/protectables/local.ts'
import type { VaultCreate } from '../src/contract/operations.gen.ts'
import { GIB } from '../src/contract/sizes.ts'
import type { ProjectCaller } from '../src/control/use-case.ts'
import { createVault } from '../src/control/vault/create-vault.ts'
import type { Datastore } from '../src/datastore/datastore.ts'
import type { JobPorts } from '../src/jobs/job-ports.ts'
import { type RunnerOptions, startRunner } from '../src/jobs/runner.ts'
import { type Schedule, type SchedulePorts, startSchedule } from '../src/jobs/schedule.ts'
import type { BackupRecord } from '../src/ports/catalog/backup.ts'
import type { Catalog } from '../src/ports/catalog/catalog.ts'
import type { DiskRecord } from '../src/ports/catalog/disk.ts'
import type { OperationLogRecord } from '../src/ports/catalog/operation-log.ts'
import type { Disks } from '../src/ports/disks.ts'
import { Fault } from '../src/ports/fault.ts'
import type { Log } from '../src/ports/log.ts'
import { alice } from './desk.ts'
import { noEvents } from './no-events.ts'
import { noReplicas } from './no-replicas.ts'
import { type PolicyCalls, policyCalls } from './policy-calls.ts'

export interface PolicyStage extends AsyncDisposable {
  readonly ports: JobPorts & SchedulePorts
  readonly calls: PolicyCalls
  readonly schedule: Schedule
  /** Errors and warnings. */
  readonly complaints: string[]
  /** What becomes of writes from now on; `undefined`: they succeed. */
  readonly bytes: { write?: () => Promise<void> }
  now(): Date
  /** Sets the clock and changes nothing else. */
  setClock(to: Date | string): void
  /** Sets the clock and does all that is due then, to the end of the last job. */
  goTo(to: Date | string): Promise<void>
  /** Does the jobs there are. */
  work(): Promise<void>
  /** Another process over the same catalog. */
  secondSchedule(): Schedule
  disk(given?: Partial<DiskRecord>): Promise<string>
  /** A disk vault of 1000 GB with these disks. */
  vault(diskIds: readonly string[], given?: Partial<VaultCreate>, caller?: ProjectCaller): Promise<string>
  /** Whole backups in a vault, oldest first. */
  backups(vaultId: string, projectId?: string): Promise<readonly BackupRecord[]>
  /** Newest first. */
  logs(vaultId: string): Promise<readonly OperationLogRecord[]>
}

const LONG = 2 ** 31 - 1
/** A Monday. */
const BEGINNING = '2026-11-23T12:00:00.000Z'

export interface StageOptions {
  /** Closed with the stage. */
  readonly catalog?: Catalog
  /** Other jobs than the real ones. */
  readonly kinds?: RunnerOptions['kinds']
}

export async function openPolicyStage(options: StageOptions = {}): Promise<PolicyStage> {
  const catalog = options.catalog ?? (await openSqliteCatalog({ file: ':memory:' }))
  const complaints: string[] = []
  const clock = { at: new Date(BEGINNING) }
  const bytes: PolicyStage['bytes'] = {}
  let wake: () => void = () => undefined
  const ports: PolicyStage['ports'] = {
    catalog,
    datastore: noBytes(bytes),
    disks: noDisks,
    replicas: noReplicas,
    ...noEvents,
    uploads: localUploads(noDisks),
    protectables: localProtectables(catalog),
    now: () => clock.at,
    log: logTo(complaints),
    wake: () => wake(),
    settings: {
      region: 'local-1',
      availabilityZone: 'az-1',
      mostVaults: Number.POSITIVE_INFINITY,
      mostWebhooks: 10,
      smallestVaultGb: 1,
      disksFolder: '/nowhere',
      importsFolder: '/nowhere',
    },
  }
  const runner = startRunner(ports, {
    lookEvery: LONG,
    claimFor: LONG,
    tidyEvery: LONG,
    drainFor: 0,
    ...(options.kinds && { kinds: options.kinds }),
  })
  wake = () => runner.wake()
  const schedules = [startSchedule(ports, { lookEvery: LONG, sweepEvery: LONG })] as const
  const more: Schedule[] = []
  const setClock = (to: Date | string) => {
    clock.at = new Date(to)
  }
  return {
    ports,
    calls: policyCalls(ports),
    schedule: schedules[0],
    complaints,
    bytes,
    now: () => clock.at,
    setClock,
    async goTo(to) {
      setClock(to)
      await schedules[0].look()
      await runner.idle()
    },
    work: () => runner.idle(),
    secondSchedule() {
      const schedule = startSchedule(ports, { lookEvery: LONG, sweepEvery: LONG })
      more.push(schedule)
      return schedule
    },
    ...propsOf(ports),
    async [Symbol.asyncDispose]() {
      for (const schedule of [...schedules, ...more]) await schedule.stop()
      await runner.stop()
      await catalog.close()
    },
  }
}

function propsOf(ports: JobPorts & SchedulePorts): Pick<PolicyStage, 'disk' | 'vault' | 'backups' | 'logs'> {
  const { catalog, now } = ports
  const { projectId } = alice
  return {
    async disk(given = {}) {
      const disk: DiskRecord = { ...plainDisk(now()), ...given }
      await catalog.change(({ disks }) => disks.insert(disk))
      return disk.id
    },
    async vault(diskIds, given = {}, caller = alice) {
      const billing = { object_type: 'disk', protect_type: 'backup', size: 1000 } as const
      const resources = diskIds.map(id => ({ id, type: 'OS::Cinder::Volume' }))
      const { vault } = await createVault(ports, caller, {
        path: { project_id: caller.projectId },
        query: {},
        body: { vault: { name: 'vault', resources, billing, ...given } },
      })
      if (!vault) throw new Error('no vault was made')
      return vault.id
    },
    async backups(vaultId, owner = projectId) {
      const all = await catalog.read(({ backups }) => backups.within({ projectId: owner, vaultId }))
      return all.filter(backup => backup.parentId === undefined)
    },
    logs: async vaultId =>
      (
        await catalog.read(({ operationLogs }) =>
          operationLogs.list(projectId, { vaultId }, { limit: 1000, offset: 0 }),
        )
      ).rows,
  }
}

const plainDisk = (at: Date): DiskRecord => ({
  id: crypto.randomUUID(),
  projectId: alice.projectId,
  name: 'disk',
  description: '',
  sizeBytes: GIB,
  path: '/nowhere/disk.raw',
  format: 'raw',
  status: 'available',
  bootable: false,
  availabilityZone: 'az-1',
  volumeType: 'local',
  createdAt: at,
  updatedAt: at,
  managed: false,
  metadata: {},
})

const MIB = 2 ** 20
const unasked = () => Promise.reject(new Fault('unavailable', 'no test of policies asks for this'))

const noBytes = (bytes: PolicyStage['bytes']): Datastore => ({
  async write() {
    await bytes.write?.()
    return { digest: '0'.repeat(64), sizeBytes: GIB, dataBytes: MIB, storedBytes: MIB, fullBytes: MIB }
  },
  heldAlone: async () => MIB,
  removeManifest: async () => undefined,
  hold: async () => undefined,
  collect: async () => ({ removedPacks: 0, removedManifests: 0, freedBytes: 0, keptBytes: 0 }),
  close: async () => undefined,
  open: unasked,
  restore: unasked,
  verify: unasked,
  check: unasked,
  repair: unasked,
  outgoing: unasked,
  incoming: { missing: unasked, store: unasked, put: unasked, end: () => undefined },
  realms: async () => [],
})

const noDisks: Disks = {
  openReader: async () => ({
    sizeBytes: GIB,
    read: unasked,
    extents: () => {
      throw new Error('nothing is read')
    },
    checkUnchangedSize: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }),
  openWriter: unasked,
  create: unasked,
  remove: unasked,
  stat: unasked,
}

function logTo(lines: string[]): Log {
  const complain = (facts: object, message: string) => lines.push(`${message} ${JSON.stringify(facts)}`)
  const ignore = () => undefined
  const log: Log = { debug: ignore, info: ignore, warn: complain, error: complain, child: () => log }
  return log
}

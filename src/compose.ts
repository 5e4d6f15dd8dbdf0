/** The one composition root: Config -> a house with all its parts. The only file that names an adapter. */
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { mayCall } from './access/may-call.ts'
import { openSqliteCatalog } from './adapters/catalog/sqlite.ts'
import { localDisks } from './adapters/disks/local.ts'
import { localUploads } from './adapters/disks/uploads.ts'
import { httpSender } from './adapters/event-sender/http.ts'
import { openEmbeddedIdentity } from './adapters/identity/embedded.ts'
import type { PasswordCost } from './adapters/identity/password.ts'
import { openKeyFileRing } from './adapters/keyring/key-file.ts'
import { realmSecrets } from './adapters/keyring/realm-secrets.ts'
import { logLines } from './adapters/log/log-lines.ts'
import { localMachines } from './adapters/machines/local.ts'
import type { MachineSockets } from './adapters/machines/open-moment.ts'
import { openFilesystemObjectStore } from './adapters/object-store/filesystem.ts'
import { openHttpPeer } from './adapters/peers/http-peer.ts'
import { localProtectables } from './adapters/protectables/local.ts'
import type { Config, PeerConfig } from './config.ts'
import { applyInventory } from './control/inventory/apply-inventory.ts'
import { checkDataFolder, firstSettings, openDataFolder } from './data-folder.ts'
import type { Datastore } from './datastore/datastore.ts'
import { openDatastore } from './datastore/open.ts'
import { openMetrics } from './http/metrics.ts'
import { buildServer } from './http/server.ts'
import type { Integrity } from './jobs/job-ports.ts'
import { openReplicaDoor, type ReceivingPorts } from './jobs/receive-replica.ts'
import { startRollOuts } from './jobs/roll-outs.ts'
import { type Runner, startRunner } from './jobs/runner.ts'
import { type Schedule, startSchedule } from './jobs/schedule.ts'
import { lastScrub } from './jobs/scrub.ts'
import { openExportDoor } from './nbd/open-export-door.ts'
import type { BackupBytes } from './ports/backup-bytes.ts'
import type { Catalog } from './ports/catalog/catalog.ts'
import type { Disks } from './ports/disks.ts'
import type { Identity, ProjectRecord } from './ports/identity.ts'
import type { IdentityService } from './ports/identity-service.ts'
import type { Keyring } from './ports/keyring.ts'
import type { Log } from './ports/log.ts'
import type { Machines } from './ports/machines.ts'
import type { Now } from './ports/now.ts'
import type { ObjectStore } from './ports/object-store.ts'
import type { Ports, Settings } from './ports/ports.ts'
import type { Peer, Replicas } from './ports/replicas.ts'

export type Role = 'all' | 'api' | 'worker'

export interface House {
  readonly ports: Ports
  readonly datastore: Datastore
  /** Not listening yet; undefined for a worker. */
  readonly server: FastifyInstance | undefined
  /** Undefined for an API replica. */
  readonly runner: Runner | undefined
  /** As the runner. */
  readonly schedule: Schedule | undefined
  /** Stops taking requests, finishes or gives back what runs, closes everything. */
  close(): Promise<void>
}

export interface ComposeOptions {
  readonly role?: Role
  readonly now?: Now
  /** What a guess of a password costs; cheap in tests. */
  readonly passwordCost?: PasswordCost
  /** Where log lines go instead of standard output. */
  readonly logTo?: { write(line: string): void }
}

/** Fault: the data directory, a file in it, or a service outside cannot be used; the message is for the operator. */
export async function compose(config: Config, options: ComposeOptions = {}): Promise<House> {
  const role = options.role ?? 'all'
  const now = options.now ?? (() => new Date())
  const logger = pino(
    { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    options.logTo ?? logLines(),
  )
  await using opened = new AsyncDisposableStack()
  await openDataFolder(config.dataDir)
  const { catalog, changes } = counting(opened.adopt(await openCatalog(config), held => held.close()))
  const objectStore = opened.adopt(await openObjectStore(config, logger), held => held.close())
  const keyring = await openKeyFileRing({ file: config.keys.file, objectStore, ...passphraseOf(config) })
  const datastore = opened.adopt(
    openDatastore({ objectStore, keyring, log: logger, now, index: indexOf(config), prints: printsOf(config) }),
    held => held.close(),
  )
  const accounts = opened.adopt(
    await openIdentity(config, { now, log: logger, passwordCost: options.passwordCost }),
    held => held.close(),
  )
  const { identity } = accounts
  const disks = localDisks({ backingFolders: config.resources.backingFolders })
  const settings = settingsOf(config)
  const inventory = { catalog, identity: accounts, disks, now, log: logger, settings }
  const machines = machinesOf(config, await applyInventory(inventory, config.resources), logger)

  let runner: Runner | undefined
  const backupBytes = backupBytesOf(datastore)
  const exports = opened.adopt(
    await openExportDoor({ ...exportSettings(config), catalog, changes, backupBytes, now, log: logger }),
    held => held.stop(),
  )
  const rest = { wake: () => runner?.wake(), now, log: logger, settings }
  const ports: Ports = {
    catalog,
    identity,
    protectables: localProtectables(catalog),
    backupBytes,
    exports,
    ...smallPorts(config, keyring, disks),
    mayCall,
    ...rest,
    replicas: openReplicas(config, { catalog, datastore, ...rest }),
  }
  const doing = { ...ports, datastore, disks, machines, integrity: integrityOf(config) }
  if (role !== 'api') runner = opened.adopt(startRunner(doing, { alone: isEmbedded(config) }), held => held.stop())
  const schedule = role === 'api' ? undefined : opened.adopt(startSchedule(ports), held => held.stop())
  if (role !== 'api') opened.adopt(startRollOuts(ports), held => held.stop())
  const server =
    role === 'worker'
      ? undefined
      : opened.adopt(
          await buildServer({
            ports,
            logger,
            publicUrl: config.publicUrl,
            trustedProxies: config.trustedProxies,
            identity: accounts.service,
            health: { catalog, objectStore, metrics: metricsOf(catalog, objectStore, now) },
          }),
          drain,
        )
  const parts = opened.move()
  return { ports, datastore, server, runner, schedule, close: () => parts.disposeAsync() }
}

/** What answers may take to end once the server takes no more requests; then their connections are cut. */
const PATIENCE_MS = 30_000

async function drain(server: FastifyInstance): Promise<void> {
  const cut = setTimeout(() => server.server.closeAllConnections(), PATIENCE_MS)
  await server.close()
  clearTimeout(cut)
}

/** SQLite is held by one process at a time. */
const isEmbedded = ({ metadata }: Config): boolean => metadata.url.startsWith('sqlite:')

async function openCatalog(config: Config): Promise<Catalog> {
  const { url } = config.metadata
  if (isEmbedded(config))
    return openSqliteCatalog({ file: url.slice('sqlite:'.length) || join(config.dataDir, 'catalog.db') })
  const { openPostgresCatalog } = await import('./adapters/catalog/postgres.ts') // its client takes a part of the start
  return openPostgresCatalog({ url })
}

/** As it was, and how often this process has changed it. */
function counting(catalog: Catalog) {
  let count = 0
  const counted: Catalog = {
    ...catalog,
    async change(work) {
      const answer = await catalog.change(work)
      count += 1
      return answer
    },
  }
  return { catalog: counted, changes: () => count }
}

/** Those that need nothing opened. */
const smallPorts = ({ webhooks }: Config, keyring: Keyring, disks: Disks) => ({
  uploads: localUploads(disks),
  events: httpSender(webhooks),
  secrets: realmSecrets(keyring),
})

function exportSettings(config: Config) {
  const { certificate, key, ...where } = config.exports
  const identity = certificate === undefined || key === undefined ? undefined : { certificate, key }
  return { dataDir: config.dataDir, settings: { ...where, identity }, alone: isEmbedded(config) }
}

const HOUR = 3_600_000

async function openObjectStore(config: Config, log: Log): Promise<ObjectStore> {
  const { s3 } = config.chunkStore
  if (s3 === undefined) return openFolder(config)
  const { openS3ObjectStore } = await import('./adapters/object-store/s3.ts') // its client takes a part of the start
  const store = await openS3ObjectStore(s3)
  const { accessKey, secretKey, ...where } = s3
  log.info({ ...where, objectLock: store.retention !== undefined }, 'chunks lie in a bucket')
  return store
}

async function openFolder({ metadata, chunkStore, dataDir }: Config): Promise<ObjectStore> {
  const store = await openFilesystemObjectStore(chunkStore.url.replace(/^file:(\/\/)?/, '') || join(dataDir, 'store'))
  // An embedded catalog is one process's alone, and so is what lies beside it; others may be at work on a shared one.
  await store.sweepInterrupted(new Date(Date.now() - (metadata.url.startsWith('sqlite:') ? 0 : HOUR)))
  return store
}

const printsOf = ({ dataDir }: Config) => ({ folder: join(dataDir, 'fingerprints') })

const indexOf = ({ chunkStore, dataDir }: Config) => ({
  mostBytes: chunkStore.indexMemoryMib * MIB,
  folder: join(dataDir, 'spill'),
})

interface Accounts {
  readonly identity: Identity
  /** What users sign in to, where that is ours. */
  readonly service?: IdentityService
  /** All there are, disabled ones too. */
  readonly projects: () => readonly ProjectRecord[]
  close(): Promise<void>
}

async function openIdentity(
  config: Config,
  parts: { readonly now: Now; readonly log: Log; readonly passwordCost: PasswordCost | undefined },
): Promise<Accounts> {
  if (config.identity?.keystone) {
    const { openKeystoneIdentity } = await import('./adapters/identity/keystone.ts')
    const identity = openKeystoneIdentity({ ...config.identity.keystone, now: parts.now })
    const projects = await identity.allProjects()
    return { identity, projects: () => projects, close: async () => undefined }
  }
  const service = await openEmbeddedIdentity({
    file: join(config.dataDir, 'identity.db'),
    settings: config.identity?.embedded ?? (await firstSettings(config.dataDir, parts.log)),
    region: config.region,
    ...(config.publicUrl !== undefined && { catalogUrl: config.publicUrl }),
    ...parts,
  })
  return { identity: service, service, projects: service.projects, close: service.close }
}

function passphraseOf({ keys }: Config) {
  if (keys.passphrase !== undefined) return { passphrase: { text: keys.passphrase } }
  const [program, ...args] = keys.passphraseCommand ?? []
  return program === undefined ? {} : { passphrase: { command: [program, ...args] as const } }
}

/** `serverIds` of the servers of the configuration, in their order. */
function machinesOf({ resources }: Config, serverIds: readonly string[], log: Log): Machines {
  const sockets = new Map<string, MachineSockets>()
  for (const [at, { qmp, guestAgent }] of resources.servers.entries()) {
    const id = serverIds[at]
    if (id !== undefined && qmp !== undefined) sockets.set(id, { qmp, guestAgent })
  }
  return localMachines({ sockets, folder: resources.machinesFolder, log })
}

const settingsOf = (config: Config): Settings => ({
  region: config.region,
  availabilityZone: config.availabilityZone,
  mostVaults: config.limits.vaults,
  mostWebhooks: config.limits.webhooks,
  smallestVaultGb: config.limits.smallestVaultGb,
  disksFolder: join(config.dataDir, 'disks'),
  importsFolder: join(config.dataDir, 'imports'),
})

/** The catalog and the bytes alone, for commands that look at a store while no service runs: nothing is made. */
export interface StoreHouse extends AsyncDisposable {
  readonly catalog: Catalog
  readonly datastore: Datastore
}

/** Fault: there is no such store, a service has it open, or it cannot be used. */
export async function composeStore(config: Config, logTo: { write(line: string): void }): Promise<StoreHouse> {
  await using opened = new AsyncDisposableStack()
  await checkDataFolder(config.dataDir)
  const logger = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }, logTo)
  const catalog = opened.adopt(await openCatalog(config), held => held.close())
  const objectStore = opened.adopt(await openObjectStore(config, logger), held => held.close())
  const keyring = await openKeyFileRing({ file: config.keys.file, objectStore, ...passphraseOf(config) })
  const datastore = opened.adopt(openDatastore({ objectStore, keyring, log: logger, index: indexOf(config) }), held =>
    held.close(),
  )
  const parts = opened.move()
  return { catalog, datastore, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

/** Bytes of one read: four chunks, so that a slow reader holds little memory. */
const PIECE = 1024 * 1024

function backupBytesOf(datastore: Datastore): BackupBytes {
  const open: BackupBytes['open'] = ({ projectId, backupId }) => datastore.open({ realm: projectId, id: backupId })
  return {
    open,
    async *stream(holder, from, to) {
      const reader = await open(holder)
      for (let at = from; at < to; at += PIECE) yield reader.read(at, Math.min(PIECE, to - at))
    },
  }
}

function openPeer({ url, authUrl, domain = 'default', ...peer }: PeerConfig): Peer {
  const base = url.replace(/\/+$/, '')
  return openHttpPeer({ ...peer, url: base, authUrl: authUrl?.replace(/\/+$/, '') ?? `${base}/identity/v3`, domain })
}

function openReplicas({ region, replication }: Config, receiving: ReceivingPorts): Replicas {
  const peers = new Map(replication.peers.map(peer => [peer.region, openPeer(peer)]))
  return {
    regions: [...(replication.withinRegion ? [region] : []), ...peers.keys()],
    own: openReplicaDoor(receiving),
    peer: name => peers.get(name),
  }
}

const MIB = 1024 * 1024

const integrityOf = ({ integrity }: Config): Integrity => ({
  scrub:
    integrity.scrub.everyDays > 0
      ? { everyDays: integrity.scrub.everyDays, bytesPerSecond: integrity.scrub.mibPerSecond * MIB }
      : undefined,
  verifyBytesPerSecond: integrity.verification.mibPerSecond * MIB,
  collectBytesPerSecond: integrity.collection.mibPerSecond * MIB,
})

const metricsOf = (catalog: Catalog, objectStore: ObjectStore, now: Now) =>
  openMetrics({
    async openJobs() {
      const at = now()
      const jobs = await catalog.read(records => records.jobs.open())
      // Scrubs wait for weeks; they are work when their turn has come.
      return jobs.filter(({ kind, runAfter }) => kind !== 'scrub' || runAfter <= at).map(({ kind }) => kind)
    },
    storeBytes: () => objectStore.usage(''),
    async scrubs() {
      const last = (await catalog.read(records => records.jobs.open(undefined, ['scrub']))).map(lastScrub)
      const times = last.flatMap(({ scrubbedAt }) => scrubbedAt ?? [])
      return {
        damaged: last.reduce((sum, { damaged }) => sum + damaged, 0),
        oldest: times.length > 0 ? new Date(Math.min(...times)) : undefined,
      }
    },
    now,
  })

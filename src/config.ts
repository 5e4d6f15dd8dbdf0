/** The operator's configuration: a YAML file, the environment over it, the command line over both; one frozen Config. */
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parse, YAMLError } from 'yaml'
import { overlay, unknownVariables } from './config-environment.ts'
import { isGroup, type Mistake } from './config-rules.ts'
import { readS3Address, type S3Address } from './config-s3.ts'
import { type Inside, shape, type Written } from './config-shape.ts'
import type { DiskFormat } from './ports/disks.ts'

/** Everything decided: defaults filled in, paths absolute, secrets resolved. */
export interface Config {
  readonly listen: { readonly host: string; readonly port: number }
  readonly publicUrl: string | undefined
  /** Addresses and networks whose `X-Forwarded-*` headers are believed. */
  readonly trustedProxies: readonly string[]
  readonly dataDir: string
  readonly region: string
  readonly availabilityZone: string
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly metadata: { readonly url: string }
  readonly chunkStore: {
    readonly url: string
    /** Undefined for a folder. */
    readonly s3: (S3Address & { readonly accessKey: string; readonly secretKey: string }) | undefined
    /** What the indexes of chunks may take; the rest of them lies in files. */
    readonly indexMemoryMib: number
  }
  readonly keys: {
    readonly file: string
    readonly passphrase: string | undefined
    /** A program and its arguments that print the passphrase. */
    readonly passphraseCommand: readonly string[] | undefined
  }
  /** Undefined: one domain, project and user of our own making (compose.ts). */
  readonly identity: Written['identity']
  readonly resources: {
    readonly disks: readonly LocalDisk[]
    /** Paths of sockets are absolute. */
    readonly servers: Inside<Inside<Written['resources'], 'local'>, 'servers'>
    /** Where running machines keep what their guests overwrite during a backup. */
    readonly machinesFolder: string
    /** Where images of disks may have their backing files, beside the folder of the image itself. */
    readonly backingFolders: readonly string[]
  }
  /** Where NBD clients from elsewhere come in; with a certificate of the operator's, or one made anew at each start. */
  readonly exports: {
    readonly listen: { readonly host: string; readonly port: number }
    readonly host: string | undefined
    /** PEM, as the key; both or none. */
    readonly certificate: string | undefined
    readonly key: string | undefined
  }
  /** How often all that is stored is read back (0 days: never), and what background work is held to; MiB a second. */
  readonly integrity: {
    readonly scrub: { readonly everyDays: number; readonly mibPerSecond: number }
    readonly verification: { readonly mibPerSecond: number }
    readonly collection: { readonly mibPerSecond: number }
  }
  /** Addresses and networks that events may be sent to besides public ones; how long one attempt may take. */
  readonly webhooks: { readonly allow: readonly string[]; readonly timeoutSeconds: number }
  readonly limits: { readonly vaults: number; readonly smallestVaultGb: number; readonly webhooks: number }
  /** Whether vaults of this region take replicas of its own backups, and the other installations that do. */
  readonly replication: { readonly withinRegion: boolean; readonly peers: readonly PeerConfig[] }
}

/** Another installation; `projects`: by project here, those there that its replicas may go to. */
export type PeerConfig = Inside<Inside<Written, 'replication'>, 'peers'>[number]

export interface LocalDisk {
  readonly id: string | undefined
  readonly project: string
  readonly name: string
  readonly path: string
  readonly format: DiskFormat
}

type WrittenDisk = Inside<Inside<Written['resources'], 'local'>, 'disks'>[number]

/** The operator's mistakes, all of them, one a line. */
export class ConfigError extends Error {
  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map(({ at, problem }) => (at === '' ? problem : `${at}: ${problem}`)).join('\n'))
    this.name = 'ConfigError'
  }
}

export interface ConfigSources {
  /** The YAML file; without one everything has its default. */
  readonly file?: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** From the command line, over everything else. */
  readonly listen?: string | undefined
  readonly dataDir?: string | undefined
  readonly workingFolder: string
}

/** Throws a ConfigError that lists everything that is wrong. Relative paths of a file start at its folder. */
export function loadConfig(sources: ConfigSources): Config {
  const mistakes: Mistake[] = []
  const named = new Set<string>()
  const { file, environment, workingFolder } = sources
  const folder = file === undefined ? workingFolder : dirname(resolve(workingFolder, file))
  const written = overlay(fileContent(file, workingFolder), environment, mistakes)
  if (sources.listen !== undefined) written.listen = sources.listen
  const read = shape.read(written, '', {
    mistakes,
    secret(from, at) {
      if ('env' in from) named.add(from.env)
      const found = 'env' in from ? environment[from.env] : secretOfFile(resolve(folder, from.file))
      if (found === undefined || found === '') {
        mistakes.push({
          at,
          problem: 'env' in from ? `the environment has no ${from.env}` : `${from.file} cannot be read`,
        })
      }
      return found ?? ''
    },
  })
  mistakes.push(...unknownVariables(environment, named))
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  const config = decided(read, sources.dataDir, { folder, workingFolder })
  mistakes.push(...contradictions(config))
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return Object.freeze(config)
}

function fileContent(file: string | undefined, workingFolder: string): Record<string, unknown> {
  if (file === undefined) return {}
  try {
    const content: unknown = parse(readFileSync(resolve(workingFolder, file), 'utf8'))
    if (content === null || content === undefined) return {}
    if (isGroup(content)) return content
    throw new ConfigError([{ at: file, problem: 'is not a group of keys' }])
  } catch (error) {
    if (error instanceof YAMLError) throw new ConfigError([{ at: file, problem: firstLine(error.message) }])
    if (isSystemError(error)) throw new ConfigError([{ at: file, problem: `cannot be read (${error.code})` }])
    throw error
  }
}

/** Undefined when there is none; a line break at its end is the editor's, not the secret's. */
function secretOfFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    if (isSystemError(error)) return undefined
    throw error
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error
const firstLine = (text: string): string => text.split('\n', 1)[0] ?? ''

interface Folders {
  /** Of the configuration file. */
  readonly folder: string
  readonly workingFolder: string
}

function decided(read: Written, dataDir: string | undefined, { folder, workingFolder }: Folders): Config {
  const region = read.region ?? 'local-1'
  const data = dataDir === undefined ? resolve(folder, read.dataDir ?? 'opencbr-data') : resolve(workingFolder, dataDir)
  const local = read.resources?.local
  return {
    listen: addressOf(read.listen ?? '127.0.0.1:8799'),
    publicUrl: read.publicUrl?.replace(/\/+$/, ''),
    trustedProxies: read.trustedProxies ?? [],
    dataDir: data,
    region,
    availabilityZone: read.availabilityZone ?? `${region}a`,
    logLevel: read.logLevel ?? 'info',
    metadata: read.metadata ?? { url: 'sqlite:' },
    chunkStore: {
      url: read.chunkStore?.url ?? 'file:',
      s3: s3Of(read.chunkStore),
      indexMemoryMib: read.chunkStore?.indexMemoryMib ?? 64,
    },
    keys: {
      file: resolve(data, read.keys?.file ?? 'master.key'),
      passphrase: read.keys?.passphrase,
      passphraseCommand: read.keys?.passphraseCommand,
    },
    identity: read.identity,
    resources: {
      disks: (local?.disks ?? []).map(disk => located(disk, folder)),
      servers: (local?.servers ?? []).map(server => ({
        ...server,
        qmp: server.qmp === undefined ? undefined : resolve(folder, server.qmp),
        guestAgent: server.guestAgent === undefined ? undefined : resolve(folder, server.guestAgent),
      })),
      machinesFolder: resolve(folder, local?.machinesFolder ?? join(data, 'machines')),
      backingFolders: (local?.backingFolders ?? []).map(path => resolve(folder, path)),
    },
    exports: {
      listen: addressOf(read.exports?.listen ?? '127.0.0.1:0'),
      host: read.exports?.host,
      certificate: read.exports?.certificate,
      key: read.exports?.key,
    },
    integrity: integrityOf(read.integrity),
    replication: {
      withinRegion: read.replication?.withinRegion ?? false,
      peers: read.replication?.peers ?? [],
    },
    webhooks: { allow: read.webhooks?.allow ?? [], timeoutSeconds: read.webhooks?.timeoutSeconds ?? 10 },
    limits: {
      vaults: read.limits?.vaults ?? Number.POSITIVE_INFINITY,
      smallestVaultGb: read.limits?.smallestVaultGb ?? 10,
      webhooks: read.limits?.webhooks ?? 10,
    },
  }
}

/** An NBD export is named by its URI, also without a word on the format. */
function located(disk: WrittenDisk, folder: string): LocalDisk {
  const format = disk.format ?? (/^nbd(\+unix)?:\/\//.test(disk.path) ? 'nbd' : 'raw')
  return { ...disk, format, path: format === 'nbd' ? disk.path : resolve(folder, disk.path) }
}

function s3Of(written: Written['chunkStore']): Config['chunkStore']['s3'] {
  const { url = '', accessKey = '', secretKey = '' } = written ?? {}
  return url.startsWith('s3:') ? { ...readS3Address(url).address, accessKey, secretKey } : undefined
}

function integrityOf(written: Written['integrity']): Config['integrity'] {
  const { scrub, verification, collection } = written ?? {}
  return {
    scrub: { everyDays: scrub?.everyDays ?? 30, mibPerSecond: scrub?.mibPerSecond ?? 20 },
    verification: { mibPerSecond: verification?.mibPerSecond ?? Number.POSITIVE_INFINITY },
    collection: { mibPerSecond: collection?.mibPerSecond ?? Number.POSITIVE_INFINITY },
  }
}

/** `[::1]:8799` is host `::1`. */
function addressOf(listen: string): Config['listen'] {
  const colon = listen.lastIndexOf(':')
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(listen.slice(colon + 1)) }
}

/** What is right key by key and wrong together. */
function contradictions(config: Config): readonly Mistake[] {
  const { listen, identity, exports, resources } = config
  const found: Mistake[] = []
  for (const [at, { port }] of [['listen', listen] as const, ['exports.listen', exports.listen] as const]) {
    if (port > 65_535) found.push({ at, problem: `there is no port ${port}` })
  }
  if ((exports.certificate === undefined) !== (exports.key === undefined)) {
    found.push({ at: 'exports', problem: 'must have both of certificate and key, or none' })
  }
  if (identity && (identity.embedded === undefined) === (identity.keystone === undefined)) {
    found.push({ at: 'identity', problem: 'must have one of embedded and keystone' })
  }
  for (const [at, { qmp, guestAgent }] of resources.servers.entries()) {
    if (guestAgent !== undefined && qmp === undefined)
      found.push({ at: `resources.local.servers[${at}]`, problem: 'must have qmp where it has guestAgent' })
  }
  return [...found, ...chunkStoreMistakes(config), ...peerMistakes(config)]
}

function chunkStoreMistakes({ chunkStore: { url, s3 } }: Config): readonly Mistake[] {
  if (s3 === undefined) return []
  const found = readS3Address(url).problems.map(problem => ({ at: 'chunkStore.url', problem }))
  for (const key of ['accessKey', 'secretKey'] as const)
    if (s3[key] === '') found.push({ at: `chunkStore.${key}`, problem: 'must be there for an s3:// store' })
  return found
}

/** A region is named once. */
function peerMistakes({ region, replication: { peers } }: Config): readonly Mistake[] {
  return peers.flatMap((peer, at) =>
    [region, ...peers.slice(0, at).map(other => other.region)].includes(peer.region)
      ? [{ at: `replication.peers[${at}].region`, problem: 'must be a region of its own' }]
      : [],
  )
}

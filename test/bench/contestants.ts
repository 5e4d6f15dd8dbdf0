/** Who is compared, behind one interface: each makes a fresh repository, backs disks up into it and restores from it. */
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Extent } from '../../src/ports/disks.ts'
import type { BackupOrder, Order, Orders, Outcome } from './opencbr-child.ts'
import { cacheFolder, peerProgram, peerVersion } from './peer-programs.ts'
import { run, runTimed, type Timed } from './timed-child.ts'

export interface Contestant {
  readonly name: string
  /** What it was told, for the reader of the figures. */
  readonly settings: string
  /** Makes a repository in the folder, which is there and empty; a figure begins after it. */
  open(folder: string): Promise<Repository>
}

export interface Repository {
  /** A disk is known by its path: a second backup of the same path is an incremental one. */
  backUp(disk: string): Promise<Timed>
  /** The last backup of the path. */
  restore(disk: string, target: string): Promise<Timed>
  storedBytes(): Promise<number>
}

/** What OpenCBR can besides. */
export interface OpencbrRepository extends Repository {
  /** A second repository that has what this one has now; it costs no time or space. */
  fork(folder: string): Promise<OpencbrRepository>
  /** Incremental, told what may have changed. */
  backUpChanges(disk: string, changes: readonly Extent[]): Promise<Timed>
  /** In one new process, one after the other. */
  carryOut(orders: readonly Order[]): Promise<Timed & { readonly outcomes: readonly Outcome[] }>
}

const PASSWORD = 'a password for the benchmark'

export interface OpencbrContestant extends Contestant {
  open(folder: string): Promise<OpencbrRepository>
}

export function opencbr(nodeFlags: readonly string[] = []): OpencbrContestant {
  return {
    name: 'opencbr',
    settings:
      'as the service runs it, its code compiled before as by bin/opencbr; a new process for each step, that knows nothing of the store and of the disk only the fingerprints of its last backup',
    async open(folder) {
      return opencbrIn(folder, new Map(), nodeFlags)
    },
  }
}

/** `last` names the last backup of each disk. */
function opencbrIn(folder: string, last: Map<string, string>, nodeFlags: readonly string[]): OpencbrRepository {
  const store = join(folder, 'store')
  const carryOut: OpencbrRepository['carryOut'] = async orders => {
    const flags = ['--experimental-ffi', '--disable-warning=ExperimentalWarning', ...nodeFlags]
    const child = resolve(import.meta.dirname, 'opencbr-child.ts')
    const told: Orders = { store, orders }
    const env = { NODE_COMPILE_CACHE: join(cacheFolder, 'compiled') }
    const timed = await runTimed([process.execPath, ...flags, child, JSON.stringify(told)], { folder, env })
    const outcomes: readonly Outcome[] = JSON.parse(timed.output)
    return { ...timed, outcomes, ownSeconds: outcomes.reduce((sum, { seconds }) => sum + seconds, 0) }
  }
  const backUp = async (disk: string, more: Partial<BackupOrder> = {}): Promise<Timed> => {
    const id = crypto.randomUUID()
    const before = last.get(disk)
    const base = before === undefined ? {} : { base: before }
    const timed = await carryOut([{ do: 'backup', id, disk, ...base, ...more }])
    last.set(disk, id)
    return timed
  }
  const lastOf = (disk: string): string => last.get(disk) ?? `no backup of ${disk}`
  return {
    carryOut,
    backUp,
    backUpChanges: (disk, changed) => backUp(disk, { changed }),
    restore: (disk, target) => carryOut([{ do: 'restore', id: lastOf(disk), disk: target }]),
    storedBytes: () => fileBytes(store),
    async fork(into) {
      await run(['cp', '-al', store, join(into, 'store')])
      await cp(`${store}.key`, join(into, 'store.key'))
      await cp(`${store}.fingerprints`, join(into, 'store.fingerprints'), { recursive: true })
      return opencbrIn(into, new Map(last), nodeFlags)
    },
  }
}

/** The fastest of what it offers on disk images: measured beside its defaults, content-defined cuts and other sizes. */
export interface KopiaSettings {
  readonly splitter: string
  readonly hash: string
  readonly encryption: string
  readonly compression: string
  readonly parallel: number
  /** Files beyond this are read in parts of this size, side by side. */
  readonly partMib: number
}

export const kopiaBest: KopiaSettings = {
  splitter: 'FIXED-1M',
  hash: 'BLAKE3-256-128',
  encryption: 'AES256-GCM-HMAC-SHA256',
  compression: 'zstd-fastest',
  parallel: 4,
  partMib: 256,
}

export async function kopia(settings: KopiaSettings = kopiaBest, name = 'kopia'): Promise<Contestant> {
  const program = await peerProgram('kopia')
  const { splitter, hash, encryption, compression, parallel, partMib } = settings
  return {
    name,
    settings: `${peerVersion('kopia')}, ${splitter}, ${hash}, ${encryption}, ${compression}, --parallel=${parallel}, parts of ${partMib} MiB, no maintenance meanwhile`,
    async open(folder) {
      const config = `--config-file=${join(folder, 'kopia.config')}`
      const store = join(folder, 'store')
      const env = {
        KOPIA_PASSWORD: PASSWORD,
        KOPIA_CHECK_FOR_UPDATES: 'false',
        KOPIA_LOG_DIR: join(folder, 'log'),
        KOPIA_CACHE_DIRECTORY: join(folder, 'cache'),
      }
      const tell = (...words: readonly string[]) => run([program, config, ...words], env)
      const time = (...words: readonly string[]) =>
        runTimed([program, config, ...words], { env, folder, thenSync: true })
      const format = [`--block-hash=${hash}`, `--encryption=${encryption}`, `--object-splitter=${splitter}`]
      await mkdir(store)
      await tell('repository', 'create', 'filesystem', `--path=${store}`, ...format)
      await tell('maintenance', 'set', '--enable-quick=false', '--enable-full=false')
      const upload = [`--parallel-upload-above-size-mib=${partMib}`, `--max-parallel-file-reads=${parallel}`]
      await tell('policy', 'set', '--global', `--compression=${compression}`, ...upload)
      return {
        backUp: disk => time('snapshot', 'create', '--no-progress', `--parallel=${parallel}`, disk),
        restore: (disk, target) =>
          time('restore', '--no-progress', '--write-sparse-files', `--parallel=${parallel}`, disk, target),
        storedBytes: () => fileBytes(store),
      }
    },
  }
}

export async function restic(): Promise<Contestant> {
  const program = await peerProgram('restic')
  return {
    name: 'restic',
    settings: `${peerVersion('restic')}, --compression auto, --read-concurrency 2, --no-scan, restore --sparse`,
    async open(folder) {
      const store = join(folder, 'store')
      const env = { RESTIC_PASSWORD: PASSWORD, RESTIC_REPOSITORY: store, RESTIC_CACHE_DIR: join(folder, 'cache') }
      const time = (...words: readonly string[]) =>
        runTimed([program, '--quiet', ...words], { env, folder, thenSync: true })
      await run([program, '--quiet', 'init'], env)
      const backup = ['backup', '--compression', 'auto', '--read-concurrency', '2', '--no-scan']
      return {
        backUp: disk => time(...backup, disk),
        // It restores the path below its target folder.
        restore: (disk, target) =>
          time('restore', `latest:${dirname(disk)}`, '--path', disk, '--sparse', '--target', target),
        storedBytes: () => fileBytes(store),
      }
    },
  }
}

/** As `du --apparent-size`: what its files hold. */
export async function fileBytes(folder: string): Promise<number> {
  let sum = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) sum += (await stat(join(entry.parentPath, entry.name))).size
  return sum
}

export async function emptyFolder(path: string): Promise<string> {
  await rm(path, { recursive: true, force: true })
  await mkdir(path, { recursive: true })
  return path
}

/** The measuring itself: what everyone does, in which order, round after round. */
import { link, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Extent } from '../../src/ports/disks.ts'
import { type BenchDisks, BITMAP_BYTES, benchDisks, checkFree } from './bench-disks.ts'
import {
  type Contestant,
  emptyFolder,
  kopia,
  kopiaBest,
  type OpencbrRepository,
  opencbr,
  type Repository,
  restic,
} from './contestants.ts'
import type { Floor } from './floor.ts'
import { run, type Timed } from './timed-child.ts'

export type Step = 'full' | 'incremental' | 'told' | 'second' | 'restore'

export interface Run {
  readonly contestant: string
  readonly steps: Readonly<Partial<Record<Step, Timed>>>
  readonly storedBytes: number
}

export interface PeerRound {
  readonly floor: Floor
  readonly runs: readonly Run[]
}

export interface ToldCost {
  readonly changedBytes: number
  readonly seconds: number
  readonly processSeconds: number
}

export interface PeerFigures {
  readonly disks: BenchDisks
  readonly settings: readonly { readonly name: string; readonly settings: string }[]
  readonly rounds: readonly PeerRound[]
  /** Other settings of kopia, once each: what is faster but stores more, and what stores less. */
  readonly others: readonly Run[]
  readonly told: readonly ToldCost[]
}

const MIB = 2 ** 20

export interface PeerOptions {
  readonly folder: string
  /** MiB of files on the disks. */
  readonly size: number
  readonly rounds: number
  /** Other settings of kopia, too. */
  readonly settings: boolean
}

export async function measurePeers({ folder, size, rounds: count, settings: more }: PeerOptions): Promise<PeerFigures> {
  await checkFree(folder, size * MIB * 8)
  const contestants = [opencbr(), await kopia(), await restic()]
  console.error(`making disks with ${size} MiB of files in ${folder}`)
  const disks = await benchDisks(await emptyFolder(join(folder, 'disks')), size)
  const rounds: PeerRound[] = []
  for (let round = 0; round < count; round++) {
    console.error(`round ${round + 1} of ${count}`)
    const inTurn = round % 2 === 0 ? contestants : contestants.toReversed()
    const floor: Floor = JSON.parse(
      await run([process.execPath, resolve(import.meta.dirname, 'floor.ts'), disks.first]),
    )
    rounds.push({ floor, runs: await runRound(inTurn, disks, folder) })
  }
  console.error('changes of several sizes, and other settings of kopia')
  const told = await toldCosts(disks, folder)
  const settings = contestants.map(({ name, settings: said }) => ({ name, settings: said }))
  return { disks, settings, rounds, others: more ? await runRound(await otherSettings(), disks, folder) : [], told }
}

async function otherSettings(): Promise<readonly Contestant[]> {
  return [
    await kopia({ ...kopiaBest, compression: 's2-default' }, 'kopia, s2 instead of zstd'),
    await kopia({ ...kopiaBest, splitter: 'FIXED-256K' }, 'kopia, FIXED-256K'),
    await kopia({ ...kopiaBest, splitter: 'DYNAMIC-1M-BUZHASH' }, 'kopia, DYNAMIC-1M-BUZHASH'),
  ]
}

interface Entrant {
  readonly contestant: Contestant
  readonly folder: string
  readonly repository: Repository
  /** Only OpenCBR's: what it had before the incremental backup. */
  readonly forked: OpencbrRepository | undefined
  readonly steps: Partial<Record<Step, Timed>>
}

/** Step by step, each by everyone before the next, so that what is compared is measured in the same minute. */
async function runRound(
  contestants: readonly Contestant[],
  disks: BenchDisks,
  folder: string,
): Promise<readonly Run[]> {
  const disk = join(await emptyFolder(join(folder, 'machine')), 'disk.raw')
  const insert = async (image: string): Promise<void> => {
    await rm(disk, { force: true })
    await link(image, disk)
  }
  const entrants: Entrant[] = []
  await insert(disks.first)
  for (const [at, contestant] of contestants.entries())
    entrants.push(await enter(contestant, disk, join(folder, `r${at}`)))
  await insert(disks.changed)
  for (const { repository, forked, steps } of entrants) {
    await warm(disk)
    steps.incremental = await repository.backUp(disk)
    if (forked) steps.told = await forked.backUpChanges(disk, disks.changes)
  }
  for (const { repository, steps } of entrants) {
    await warm(disks.second)
    steps.second = await repository.backUp(disks.second)
  }
  const storedBytes = await Promise.all(entrants.map(({ repository }) => repository.storedBytes()))
  for (const entrant of entrants) entrant.steps.restore = await restore(entrant, disk)
  return entrants.map(({ contestant: { name }, steps }, at) => {
    console.error(name, Object.fromEntries(Object.entries(steps).map(([step, timed]) => [step, timed.seconds])))
    return { contestant: name, steps, storedBytes: storedBytes[at] ?? 0 }
  })
}

async function enter(contestant: Contestant, disk: string, folder: string): Promise<Entrant> {
  const repository = await contestant.open(await emptyFolder(folder))
  await warm(disk)
  const full = await repository.backUp(disk)
  const forked = canFork(repository) ? await repository.fork(await emptyFolder(`${folder}-fork`)) : undefined
  return { contestant, folder, repository, forked, steps: { full } }
}

const canFork = (repository: Repository): repository is OpencbrRepository => 'fork' in repository

async function restore({ folder, repository }: Entrant, disk: string): Promise<Timed> {
  await warm(folder)
  await warm(disk)
  const target = join(await emptyFolder(`${folder}-out`), 'disk.raw')
  const timed = await repository.restore(disk, target)
  await run(['sh', '-c', 'cmp "$1" "$(find "$2" -type f)"', 'cmp', disk, `${folder}-out`])
  await rm(`${folder}-out`, { recursive: true })
  return timed
}

/** Everything below the path, into the page cache. */
async function warm(path: string): Promise<void> {
  await run(['sh', '-c', 'find "$1" -type f -exec cat {} + > /dev/null', 'warm', path])
}

/** Incremental backups told of none, some and all of the day's changes, each from the same state. */
async function toldCosts(disks: BenchDisks, folder: string): Promise<readonly ToldCost[]> {
  const repository = await opencbr().open(await emptyFolder(join(folder, 'told')))
  await repository.carryOut([{ do: 'backup', id: 'base', disk: disks.first }])
  const costs: ToldCost[] = []
  for (const part of [0, 0.25, 0.5, 1]) {
    const changed = spread(disks.changes, part)
    const fork = await repository.fork(await emptyFolder(join(folder, 'told-fork')))
    const timed = await fork.carryOut([{ do: 'backup', id: 'next', disk: disks.changed, base: 'base', changed }])
    const changedBytes = changed.reduce((sum, { length }) => sum + length, 0)
    costs.push({ changedBytes, seconds: timed.outcomes[0]?.seconds ?? 0, processSeconds: timed.seconds })
  }
  return costs
}

/** That part of the extents, from all over the disk, cut as a dirty bitmap has them. */
function spread(extents: readonly Extent[], part: number): readonly Extent[] {
  const pieces = extents.flatMap(({ offset, length, data }) =>
    Array.from({ length: length / BITMAP_BYTES }, (_, at) => ({
      offset: offset + at * BITMAP_BYTES,
      length: BITMAP_BYTES,
      data,
    })),
  )
  return pieces.filter((_, at) => Math.floor(at * part) !== Math.floor((at + 1) * part))
}

/**
 * The data plane, measured: `npm run bench:data`. Real files on a real file system, each step in a process of its own on a
 * warm page cache, and beside it in the same round what the machine can do at most. Prints a table in Markdown.
 *
 *   STORE     s3: in the bucket that S3_ENDPOINT and so on name
 *   SIZE_MIB  of files on the disk (3072)    ROUNDS  of everything (3)    BENCH_FOLDER  scratch space (the system's)
 *   BENCH_DISKS  a folder to keep the disks in for further runs (none)
 *
 * `npm run bench:data -- --peers` compares it with kopia and restic instead (peers.ts).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchPlace, emptied } from '../s3-server.ts'
import { type BenchDisks, benchDisks, checkFree } from './bench-disks.ts'
import { emptyFolder, type OpencbrRepository, opencbr } from './contestants.ts'
import { type Limits, measureLimits } from './limits.ts'
import { comparePeers } from './peers.ts'
import { run, type Timed } from './timed-child.ts'

const MIB = 2 ** 20
const inBucket = process.env.STORE === 's3'

interface Written {
  readonly dataBytes: number
  readonly storedBytes: number
  readonly fullBytes: number
}

interface Step {
  readonly name: string
  /** Of data on the disk, whether read or not. */
  readonly dataBytes: number
  readonly storedBytes: number
  /** Of the order itself and of the whole process around it. */
  readonly seconds: number
  readonly processSeconds: number
  readonly cpuSeconds: number
  readonly peakBytes: number
}

interface Round {
  readonly limits: Limits
  readonly steps: readonly Step[]
  readonly storeBytes: number
}

async function main(): Promise<void> {
  const size = Number(process.env.SIZE_MIB ?? 3072)
  const rounds = Number(process.env.ROUNDS ?? 3)
  const folder = await mkdtemp(join(process.env.BENCH_FOLDER ?? tmpdir(), 'opencbr-bench-'))
  try {
    await checkFree(folder, size * MIB * 6)
    console.error(`making disks with ${size} MiB of files in ${folder}`)
    const disks = await benchDisks(folder, size)
    const done: Round[] = []
    for (let round = 0; round < rounds; round++) {
      console.error(`round ${round + 1} of ${rounds}`)
      done.push(await oneRound(disks, folder))
    }
    print(done, size)
  } finally {
    if (inBucket) await emptied(benchPlace(join(folder, 'repository', 'store')))
    await rm(folder, { recursive: true, force: true })
  }
}

async function oneRound(disks: BenchDisks, folder: string): Promise<Round> {
  const limits = await measureLimits(disks.first, folder)
  const place = join(folder, 'repository')
  if (inBucket) await emptied(benchPlace(join(place, 'store')))
  const repository = await opencbr().open(await emptyFolder(place))
  const backUp = backUpIn(repository)
  const steps = [
    await backUp('full', disks.first, 'first'),
    await backUp('unchanged', disks.first, 'again', { base: 'first' }),
    await backUp('a day later', disks.changed, 'changed', { base: 'again' }),
    await backUp('second machine', disks.second, 'second'),
  ]
  const told = { base: 'first', changed: disks.changes }
  steps.push(await backUp('a day later, told what changed', disks.changed, 'told', told))
  const { bytes: storeBytes } = resultOf<{ bytes: number }>(await repository.carryOut([{ do: 'usage' }]))
  const target = join(folder, 'restored.raw')
  const restored = await repository.carryOut([{ do: 'restore', id: 'changed', disk: target }])
  const { writtenBytes } = resultOf<{ writtenBytes: number }>(restored)
  steps.push(stepOf('restore', restored, { dataBytes: writtenBytes, storedBytes: 0 }))
  await run(['cmp', target, disks.changed])
  await rm(target)
  return { limits, steps, storeBytes }
}

function backUpIn(repository: OpencbrRepository) {
  return async (name: string, disk: string, id: string, more: object = {}): Promise<Step> => {
    const timed = await repository.carryOut([{ do: 'backup', id, disk, ...more }])
    return stepOf(name, timed, resultOf<Written>(timed))
  }
}

type Measured = Timed & { readonly outcomes: readonly { readonly seconds: number; readonly result: object }[] }

/** The child's own word for what it did: its shape is opencbr-child.ts. */
const resultOf = <T>({ outcomes }: Measured): T => outcomes[0]?.result as T

function stepOf(name: string, timed: Measured, bytes: { dataBytes: number; storedBytes: number }): Step {
  return {
    name,
    dataBytes: bytes.dataBytes,
    storedBytes: bytes.storedBytes,
    seconds: timed.outcomes[0]?.seconds ?? 0,
    processSeconds: timed.seconds,
    cpuSeconds: timed.cpuSeconds,
    peakBytes: timed.peakBytes,
  }
}

function print(rounds: readonly Round[], size: number): void {
  const over = (of: (round: Round) => number): number => median(rounds.map(of))
  const limit = (name: keyof Limits): string => whole(over(({ limits }) => limits[name]))
  const date = new Date().toISOString().slice(0, 10)
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`
  const load = loadavg().map(value => value.toFixed(1))
  console.log(
    `${date}, ${machine}, \`${inBucket ? 'STORE=s3 ' : ''}SIZE_MIB=${size} ROUNDS=${rounds.length} npm run bench:data\`, load ${load}\n`,
  )
  console.log('| step | data MiB | seconds | MiB/s | of the floor | CPU s | stored MiB | peak memory MiB |')
  console.log('|---|---|---|---|---|---|---|---|')
  for (const [at, { name }] of (rounds[0]?.steps ?? []).entries()) {
    const of = (pick: (step: Step, limits: Limits) => number): number =>
      over(({ steps, limits }) => {
        const step = steps[at]
        return step ? pick(step, limits) : Number.NaN
      })
    const rate = (step: Step): number => step.dataBytes / MIB / step.seconds
    const cells = [
      name,
      whole(of(step => step.dataBytes / MIB)),
      of(step => step.seconds).toFixed(2),
      whole(of(rate)),
      of((step, limits) => rate(step) / limits.floor).toFixed(2),
      of(step => step.cpuSeconds).toFixed(1),
      whole(of(step => step.storedBytes / MIB)),
      whole(of(step => step.peakBytes / MIB)),
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
  console.log(`\nThe store takes ${whole(over(({ storeBytes }) => storeBytes / MIB))} MiB after all backups.`)
  console.log('\nLimits of the machine in the same rounds, MiB/s over both cores:\n')
  console.log('| SHA-256 | zstd 1 | its inverse | AES-GCM | read, cached | write, synced | floor: SHA-256 and zstd 1 |')
  console.log('|---|---|---|---|---|---|---|')
  const names: readonly (keyof Limits)[] = ['sha256', 'zstd1', 'unzstd', 'aesGcm', 'read', 'write', 'floor']
  console.log(`| ${names.map(limit).join(' | ')} |`)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
}

const whole = (value: number): string => Math.round(value).toLocaleString('en')

await (process.argv.includes('--peers') ? comparePeers() : main())

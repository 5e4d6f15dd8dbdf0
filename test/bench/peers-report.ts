/** The figures of `npm run bench:data -- --peers` as Markdown, with the targets beside them. */
import { cpus, loadavg } from 'node:os'
import type { Floor } from './floor.ts'
import type { IndexCost } from './index-scale.ts'
import type { PeerFigures, PeerRound, Run, Step } from './peer-rounds.ts'
import type { SizeCost } from './scale.ts'

const MIB = 2 ** 20
const MEMORY_BOUND = 350 * MIB
const FLOOR_BOUND = 1.25
const FIRST_BYTE_BOUND = 0.3
/** Between the cheapest and the dearest of what should not grow. */
const FLAT_BOUND = 1.5

/** How many times as fast as the peer a step has to be. */
interface Target {
  readonly step: Step
  readonly peer: string
  /** What the peer does in its place. */
  readonly against: Step
  readonly atLeast: number
}

const TARGETS: readonly Target[] = [
  { step: 'full', peer: 'kopia', against: 'full', atLeast: 1.5 },
  { step: 'full', peer: 'restic', against: 'full', atLeast: 3 },
  { step: 'incremental', peer: 'kopia', against: 'incremental', atLeast: 1.5 },
  { step: 'incremental', peer: 'restic', against: 'incremental', atLeast: 4 },
  { step: 'told', peer: 'kopia', against: 'incremental', atLeast: 4 },
  { step: 'restore', peer: 'restic', against: 'restore', atLeast: 1.4 },
  { step: 'restore', peer: 'kopia', against: 'restore', atLeast: 4 },
]

const stepNames: Readonly<Record<Step, string>> = {
  full: 'full backup',
  incremental: 'incremental, all read',
  told: 'incremental, told what changed',
  second: 'second machine',
  restore: 'restore',
}

export function reportPeers(figures: PeerFigures): void {
  const { disks, settings, rounds } = figures
  const changed = disks.changes.reduce((sum, { length }) => sum + length, 0)
  heading(`npm run bench:data -- --peers`)
  for (const { name, settings: said } of settings) console.log(`- ${name}: ${said}`)
  console.log(
    `- disks of ${mebibytes(disks.sizeBytes)} MiB with ${mebibytes(disks.fileBytes)} MiB of files; ${mebibytes(changed)} MiB differ a day later\n`,
  )
  reportTimes(rounds)
  reportRatios(rounds)
  reportStored(rounds)
  if (figures.others.length > 0) reportOthers(figures.others)
  reportFloor(rounds)
  console.log(
    'Incremental backups told what changed, each from the same state; seconds within the process and of all of it:\n',
  )
  table(
    ['changed MiB', 'seconds', 'process seconds'],
    figures.told.map(({ changedBytes, seconds, processSeconds }) => [
      mebibytes(changedBytes),
      seconds.toFixed(3),
      processSeconds.toFixed(3),
    ]),
  )
}

function reportTimes(rounds: readonly PeerRound[]): void {
  console.log('Seconds of the whole process, to the disk (processor seconds, peak MiB of memory):\n')
  const names = (rounds[0]?.runs ?? []).map(({ contestant }) => contestant).sort()
  const steps = Object.keys(stepNames) as Step[]
  const cell = (name: string, step: Step): string => {
    const of = rounds.flatMap(round => runOf(round, name)?.steps[step] ?? [])
    if (of.length === 0) return ''
    const middle = (pick: (timed: (typeof of)[number]) => number): number => median(of.map(pick))
    const peak = Math.max(...of.map(({ peakBytes }) => peakBytes))
    return `${middle(timed => timed.seconds).toFixed(2)} (${middle(timed => timed.cpuSeconds).toFixed(1)}, ${mebibytes(peak)})`
  }
  const own = (step: Step): string => median(rounds.map(round => ownSecondsOf(round, step))).toFixed(2)
  table(
    ['step', ...names, 'opencbr in a running service'],
    steps.map(step => [stepNames[step], ...names.map(name => cell(name, step)), own(step)]),
  )
}

function reportRatios(rounds: readonly PeerRound[]): void {
  console.log('Ratios within each round; the target is for the median:\n')
  const rows = TARGETS.map(({ step, peer, against, atLeast }) => {
    const ratios = rounds.map(round => secondsOf(round, peer, against) / secondsOf(round, 'opencbr', step))
    const what = `${stepNames[step]}: times as fast as ${peer}`
    const served = median(rounds.map(round => secondsOf(round, peer, against) / ownSecondsOf(round, step)))
    const computed = median(rounds.map(round => cpuOf(round, peer, against) / cpuOf(round, 'opencbr', step)))
    return [
      what,
      spread(ratios),
      served.toFixed(2),
      computed.toFixed(2),
      `at least ${atLeast}`,
      verdict(median(ratios) >= atLeast),
    ]
  })
  const overFloor = rounds.map(round => secondsOf(round, 'opencbr', 'full') / round.floor.seconds)
  rows.push([
    'full backup: of the floor',
    spread(overFloor),
    median(rounds.map(round => ownSecondsOf(round, 'full') / round.floor.seconds)).toFixed(2),
    median(rounds.map(round => cpuOf(round, 'opencbr', 'full') / round.floor.cpuSeconds)).toFixed(2),
    `at most ${FLOOR_BOUND}`,
    verdict(median(overFloor) <= FLOOR_BOUND),
  ])
  const peaks = rounds.flatMap(round => Object.values(runOf(round, 'opencbr')?.steps ?? {}))
  const peak = Math.max(...peaks.map(({ peakBytes }) => peakBytes))
  rows.push([
    'peak memory, MiB',
    mebibytes(peak),
    '',
    `at most ${mebibytes(MEMORY_BOUND)}`,
    verdict(peak <= MEMORY_BOUND),
  ])
  table(['', 'median (each round)', 'in a running service', 'by processor time', 'target', ''], rows)
}

function reportStored(rounds: readonly PeerRound[]): void {
  console.log('Stored for the chain full, incremental, second machine:\n')
  const last = rounds.at(-1)?.runs.toSorted((a, b) => a.storedBytes - b.storedBytes) ?? []
  table(
    ['', 'MiB', ''],
    last.map(({ contestant, storedBytes }) => [
      contestant,
      mebibytes(storedBytes),
      contestant === 'opencbr' ? verdict(contestant === last[0]?.contestant) : '',
    ]),
  )
}

function reportOthers(others: readonly Run[]): void {
  console.log('Other settings of kopia, once each, for comparison; no target counts them:\n')
  table(
    ['', 'full s', 'incremental s', 'restore s', 'stored MiB'],
    others.map(({ contestant, steps, storedBytes }) => [
      contestant,
      ...[steps.full, steps.incremental, steps.restore].map(timed => timed?.seconds.toFixed(2) ?? ''),
      mebibytes(storedBytes),
    ]),
  )
}

function reportFloor(rounds: readonly PeerRound[]): void {
  console.log(
    'The floor of a full backup is all four, bare, by two threads; besides, the seconds of one core that each takes:\n',
  )
  const over = (of: (floor: Floor) => number): string => median(rounds.map(({ floor }) => of(floor))).toFixed(2)
  table(
    ['floor: all four, by two threads', 'its processor seconds', 'SHA-256', 'zstd', 'AES-GCM', 'read, cached'],
    [
      [
        over(floor => floor.seconds),
        over(floor => floor.cpuSeconds),
        over(floor => floor.sha256),
        over(floor => floor.zstd),
        over(floor => floor.aesGcm),
        over(floor => floor.read),
      ],
    ],
  )
}

export function reportScale(costs: readonly SizeCost[]): void {
  heading('PARTS=scale npm run bench:data -- --peers')
  const perMib = ({ dataBytes, seconds }: SizeCost): number => (seconds * 1000 * MIB) / dataBytes
  const further = costs.slice(1).map((cost, at) => perMib(beyond(costs[at], cost)))
  const flat = Math.max(...further) / Math.min(...further)
  const slowest = Math.max(...costs.map(({ firstByteSeconds }) => firstByteSeconds))
  const peak = Math.max(...costs.map(({ peakBytes }) => peakBytes))
  table(
    [
      'disk GiB',
      'data MiB',
      'full s',
      'ms per MiB',
      'ms per further MiB',
      'peak MiB',
      'again s',
      'told nothing changed s',
      'first byte s',
      'in the same process s',
    ],
    costs.map((cost, at) => [
      String(cost.gib),
      mebibytes(cost.dataBytes),
      cost.seconds.toFixed(2),
      perMib(cost).toFixed(2),
      further[at - 1]?.toFixed(2) ?? '',
      mebibytes(cost.peakBytes),
      cost.againSeconds.toFixed(2),
      cost.toldSeconds.toFixed(3),
      cost.firstByteSeconds.toFixed(3),
      cost.laterByteSeconds.toFixed(3),
    ]),
  )
  table(
    ['', 'measured', 'target', ''],
    [
      [
        'cost of a further MiB, dearest by cheapest',
        flat.toFixed(2),
        `flat: at most ${FLAT_BOUND}`,
        verdict(flat <= FLAT_BOUND),
      ],
      [
        'first byte of an export, s',
        slowest.toFixed(3),
        `under ${FIRST_BYTE_BOUND}`,
        verdict(slowest < FIRST_BYTE_BOUND),
      ],
      ['peak memory, MiB', mebibytes(peak), `at most ${mebibytes(MEMORY_BOUND)}`, verdict(peak <= MEMORY_BOUND)],
    ],
  )
}

/** What the larger disk has, and takes, more than the next smaller one: the fixed cost of a backup is in both. */
function beyond(smaller: SizeCost | undefined, larger: SizeCost): SizeCost {
  const { dataBytes = 0, seconds = 0 } = smaller ?? {}
  return { ...larger, dataBytes: larger.dataBytes - dataBytes, seconds: larger.seconds - seconds }
}

export function reportIndex(costs: readonly IndexCost[]): void {
  heading('PARTS=index npm run bench:data -- --peers')
  table(
    ['chunks', 'next of a disk, ns', 'any, ns', 'not there, ns', 'loaded in s', 'peak MiB', 'in files MiB'],
    costs.map(cost => [
      cost.chunks.toLocaleString('en'),
      Math.round(cost.nextNanoseconds).toLocaleString('en'),
      Math.round(cost.hitNanoseconds).toLocaleString('en'),
      Math.round(cost.missNanoseconds).toLocaleString('en'),
      cost.loadSeconds.toFixed(2),
      mebibytes(cost.peakBytes),
      mebibytes(cost.fileBytes),
    ]),
  )
}

function heading(command: string): void {
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`
  const load = loadavg().map(value => value.toFixed(1))
  console.log(
    `\n${new Date().toISOString().slice(0, 10)}, ${machine}, \`${command}\`, load at the end ${load.join(' ')}\n`,
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  console.log(`| ${head.join(' | ')} |`)
  console.log(`|${head.map(() => '---|').join('')}`)
  for (const row of rows) console.log(`| ${row.join(' | ')} |`)
  console.log('')
}

const runOf = (round: PeerRound, name: string): Run | undefined =>
  round.runs.find(({ contestant }) => contestant === name)

const secondsOf = (round: PeerRound, name: string, step: Step): number =>
  runOf(round, name)?.steps[step]?.seconds ?? Number.NaN

const cpuOf = (round: PeerRound, name: string, step: Step): number =>
  runOf(round, name)?.steps[step]?.cpuSeconds ?? Number.NaN

/** Of OpenCBR's work, without the start of a process for it. */
const ownSecondsOf = (round: PeerRound, step: Step): number =>
  runOf(round, 'opencbr')?.steps[step]?.ownSeconds ?? Number.NaN

const spread = (ratios: readonly number[]): string =>
  `${median(ratios).toFixed(2)} (${ratios.map(ratio => ratio.toFixed(2)).join(', ')})`

const verdict = (met: boolean): string => (met ? 'met' : 'missed')

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2
}

/** Bytes in MiB. */
const mebibytes = (bytes: number): string => Math.round(bytes / MIB).toLocaleString('en')

/** A command as a measured process: its wall time, what of the processors it took, and the most memory it ever held. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Timed {
  readonly seconds: number
  /** Of all its threads, in user and kernel mode. */
  readonly cpuSeconds: number
  /** High-water mark of its resident memory (VmHWM: unlike ru_maxrss it begins with the program, not with the fork). */
  readonly peakBytes: number
  readonly output: string
  /** Of its work alone, by its own word, without the start of the process. */
  readonly ownSeconds?: number
}

export interface TimedOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Synced before the clock starts, so that nobody pays for another's writes. */
  readonly folder: string
  /** Synced once more before the clock stops, for a program that does not do so itself. */
  readonly thenSync?: boolean
}

/** How often the process is looked at. */
const LOOK_MS = 20
const CLOCK_TICKS_PER_SECOND = 100

/** Rejects when the command fails, with what it said. */
export async function runTimed(command: readonly string[], options: TimedOptions): Promise<Timed> {
  await sync(options.folder)
  const begin = performance.now()
  const { output, ...used } = await runWatched(command, options.env)
  if (options.thenSync) await sync(options.folder)
  return { seconds: (performance.now() - begin) / 1000, ...used, output }
}

/** As `runTimed`, for what only has to be done. */
export async function run(command: readonly string[], env?: Readonly<Record<string, string>>): Promise<string> {
  return (await runWatched(command, env)).output
}

/** The whole file system of the folder. */
export async function sync(folder: string): Promise<void> {
  await run(['sync', '-f', folder])
}

async function runWatched(
  [program = '', ...parameters]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Omit<Timed, 'seconds'>> {
  const child = spawn(program, parameters, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output: Buffer[] = []
  const complaints: Buffer[] = []
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes))
  child.stderr.on('data', (bytes: Buffer) => complaints.push(bytes))
  const ended = new AbortController()
  const watched = watch(child.pid ?? 0, ended.signal)
  try {
    const [code, signal] = await once(child, 'close')
    if (code !== 0)
      throw new Error(`${program} ${parameters.join(' ')} ended with ${code ?? signal}: ${Buffer.concat(complaints)}`)
  } finally {
    ended.abort()
  }
  return { ...(await watched), output: Buffer.concat(output).toString() }
}

/** Looks at /proc until told to stop; what a process does in its last moments is not seen. */
async function watch(pid: number, stop: AbortSignal): Promise<{ cpuSeconds: number; peakBytes: number }> {
  let cpuSeconds = 0
  let peakBytes = 0
  while (!stop.aborted) {
    const seen = await look(pid)
    if (seen) {
      cpuSeconds = Math.max(cpuSeconds, seen.cpuSeconds)
      peakBytes = Math.max(peakBytes, seen.peakBytes)
    }
    await sleep(LOOK_MS)
  }
  return { cpuSeconds, peakBytes }
}

/** Undefined once it is gone. */
async function look(pid: number): Promise<{ cpuSeconds: number; peakBytes: number } | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'latin1')
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
    const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? []
    // The name in parentheses may hold spaces; utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    return { cpuSeconds: ticks / CLOCK_TICKS_PER_SECOND, peakBytes: Number(kib ?? 0) * 1024 }
  } catch {
    return undefined
  }
}

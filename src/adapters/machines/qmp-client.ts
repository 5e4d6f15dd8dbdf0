/**
 * QEMU's monitor (its docs/interop/qmp-spec.rst): a greeting, then one JSON object a line; commands carry an id, events
 * come in between. A monitor that breaks the protocol, falls silent or goes away fails the command under way and every
 * later one with the same Fault. It talks to one client at a time, so that whoever is connected has it alone.
 */
import { Fault } from '../../ports/fault.ts'
import { connectLines, type Lines } from './lines.ts'
import { isRecord } from './record.ts'

export interface QmpClient extends AsyncDisposable {
  /** What the command returned. `QmpRefused` where QEMU does not do it; the connection goes on then. */
  execute(command: string, args?: object): Promise<unknown>
}

export interface QmpOptions {
  /** Milliseconds QEMU gets for its greeting, and for each answer. */
  readonly patience?: number
}

/** QEMU answered a command with an error of its own. */
export class QmpRefused extends Fault {
  constructor(command: string, words: string) {
    super('unreadable', `the machine refuses ${command}: ${words}`)
    this.name = 'QmpRefused'
  }
}

const PATIENCE_MS = 30_000
const LONGEST_WORDS = 300

interface Pending {
  readonly id: number
  readonly command: string
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** Faults: NobodyThere; `unavailable` (silent, busy with another client), `denied`, `corrupt` (no monitor). */
export async function connectQmp(path: string, options: QmpOptions = {}): Promise<QmpClient> {
  const patience = options.patience ?? PATIENCE_MS
  const greeting = Promise.withResolvers<void>()
  greeting.promise.catch(() => undefined) // awaited below, once there is a connection
  const pending = new Map<number, Pending>()
  let greeted = false
  let failure: Fault | undefined

  const fail = (fault: Fault) => {
    failure ??= fault
    greeting.reject(failure)
    for (const { reject } of pending.values()) reject(failure)
    pending.clear()
  }
  const lines: Lines = await connectLines(path, 'the machine', {
    line(text) {
      try {
        const message = messageOf(text)
        if (!greeted) greeted = greet(message)
        else settle(message, pending)
        greeting.resolve()
      } catch (error) {
        fail(error instanceof Fault ? error : new Fault('corrupt', 'the machine sends nonsense', { cause: error }))
        lines.close()
      }
    },
    end: fail,
  })
  const ask = await within(patience, greeting.promise, () => {
    lines.close()
    return new Fault(
      'unavailable',
      `the machine does not greet within ${patience / 1000} s: another client has ${path}`,
    )
  }).then(() => commands({ lines, pending, patience, fail, failure: () => failure }))
  await ask('qmp_capabilities')
  return {
    execute: ask,
    async [Symbol.asyncDispose]() {
      lines.close()
      fail(new Fault('unavailable', 'the connection to the machine is closed'))
    },
  }
}

interface Talk {
  readonly lines: Lines
  readonly pending: Map<number, Pending>
  readonly patience: number
  readonly fail: (fault: Fault) => void
  readonly failure: () => Fault | undefined
}

function commands({ lines, pending, patience, fail, failure }: Talk): QmpClient['execute'] {
  let last = 0
  return async (command, args) => {
    const broken = failure()
    if (broken) throw broken
    last += 1
    const id = last
    const answer = new Promise<unknown>((resolve, reject) => pending.set(id, { id, command, resolve, reject }))
    lines.send(JSON.stringify({ execute: command, id, ...(args && { arguments: args }) }))
    return await within(patience, answer, () => {
      const late = new Fault('unavailable', `the machine does not answer ${command} within ${patience / 1000} s`)
      fail(late)
      lines.close()
      return late
    })
  }
}

async function within<T>(patience: number, promise: Promise<T>, late: () => Fault): Promise<T> {
  const limit = Promise.withResolvers<never>()
  const timer = setTimeout(() => limit.reject(late()), patience)
  try {
    return await Promise.race([promise, limit.promise])
  } finally {
    clearTimeout(timer)
  }
}

function messageOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const message: unknown = JSON.parse(text)
    if (isRecord(message)) return message
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Fault('corrupt', `the machine sends what is no message: ${JSON.stringify(text.slice(0, 80))}`)
}

function greet(message: Readonly<Record<string, unknown>>): true {
  if (!isRecord(message.QMP)) throw new Fault('corrupt', "it greets like no machine's monitor")
  return true
}

/** Events are nobody's answer, and are passed over. */
function settle(message: Readonly<Record<string, unknown>>, pending: Map<number, Pending>): void {
  if (typeof message.event === 'string') return
  const request = typeof message.id === 'number' ? pending.get(message.id) : undefined
  if (request === undefined) throw new Fault('corrupt', 'the machine answers what was not asked')
  if (!isRecord(message.error) && !('return' in message))
    throw new Fault('corrupt', `the machine answers ${request.command} with neither a result nor an error`)
  pending.delete(request.id)
  if (isRecord(message.error)) {
    const { desc } = message.error
    request.reject(new QmpRefused(request.command, spoken(typeof desc === 'string' ? desc : 'without a reason')))
  } else request.resolve(message.return)
}

/** Its own words, fit for a log line. */
const spoken = (text: string): string => text.slice(0, LONGEST_WORDS).replaceAll(/[^\P{C}]/gu, '?')

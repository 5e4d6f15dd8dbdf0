/**
 * QEMU's guest agent (its docs/interop/qemu-ga-ref): a program within the guest, which brings file systems to rest. It is
 * the tenant's own, and may be absent, asleep or lying: what it does makes a backup better, and never fails it.
 */
import { Fault } from '../../ports/fault.ts'
import type { Log } from '../../ports/log.ts'
import type { GuestState } from '../../ports/machines.ts'
import { connectLines } from './lines.ts'
import { isRecord } from './record.ts'

export interface AgentPatience {
  /** Milliseconds for a sign of life. */
  readonly sync: number
  /** Milliseconds for bringing to rest what the guest has in memory, and for letting it go on. */
  readonly freeze: number
}

export const usualPatience: AgentPatience = { sync: 5000, freeze: 30_000 }

interface Agent {
  ask(command: string, patience: number): Promise<unknown>
  close(): void
}

/**
 * Does the work while the guest's file systems are at rest, as far as its agent can see to it. They go on afterwards
 * whatever happens, also when only the agent's answer was lost. The guest waits meanwhile: the work has to be short.
 */
export async function atRest(
  path: string | undefined,
  { log, patience = usualPatience }: { readonly log: Log; readonly patience?: AgentPatience | undefined },
  work: () => Promise<void>,
): Promise<GuestState> {
  if (path === undefined) {
    await work()
    return { atRest: false }
  }
  let agent: Agent | undefined
  const failures: unknown[] = []
  try {
    agent = await connectAgent(path, patience.sync)
    await thawIfLeft(agent, patience)
    await agent.ask('guest-fsfreeze-freeze', patience.freeze)
  } catch (error) {
    failures.push(known(error))
  }
  try {
    await work()
  } finally {
    // Also where freezing has failed: the command may have arrived, and be done late.
    if (agent) await thaw(agent, patience).catch(error => failures.push(known(error)))
    agent?.close()
  }
  for (const error of failures) log.warn({ err: error }, 'the guest could not be brought to rest, or be let go on')
  return failures.length === 0 ? { atRest: true } : { atRest: false, why: 'the guest agent did not do its part' }
}

function known(error: unknown): Fault {
  if (error instanceof Fault) return error
  throw error
}

/** A process of ours that was killed at the wrong moment has left the guest waiting. */
async function thawIfLeft(agent: Agent, patience: AgentPatience): Promise<void> {
  if ((await agent.ask('guest-fsfreeze-status', patience.sync)) === 'frozen') await thaw(agent, patience)
}

const thaw = (agent: Agent, patience: AgentPatience): Promise<unknown> =>
  agent.ask('guest-fsfreeze-thaw', patience.freeze)

async function connectAgent(path: string, patience: number): Promise<Agent> {
  let answered: ((message: Readonly<Record<string, unknown>>) => void) | undefined
  let ended: ((fault: Fault) => void) | undefined
  let over: Fault | undefined
  const lines = await connectLines(path, 'the guest agent', {
    line(text) {
      const message = readable(text)
      if (message) answered?.(message)
    },
    end(fault) {
      over = fault
      ended?.(fault)
    },
  })
  /** One at a time; the answer is the first message that `fits`. */
  const talk = async (
    message: object,
    patience: number,
    fits: (answer: Readonly<Record<string, unknown>>) => boolean,
  ) => {
    if (over) throw over
    const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>()
    const silent = new Fault('unavailable', `the guest agent does not answer within ${patience / 1000} s`)
    const timer = setTimeout(() => reject(silent), patience)
    answered = answer => {
      if (fits(answer)) resolve(answer)
    }
    ended = reject
    lines.send(JSON.stringify(message))
    return promise.finally(() => clearTimeout(timer))
  }
  try {
    // What an earlier client has asked may still be answered: only the answer with our number is the first of ours.
    const id = Math.floor(Math.random() * 2 ** 31)
    await talk({ execute: 'guest-sync', arguments: { id } }, patience, answer => answer.return === id)
  } catch (error) {
    lines.close()
    throw error
  }
  return {
    async ask(command, patience) {
      const answer = await talk({ execute: command }, patience, () => true)
      if ('return' in answer) return answer.return
      throw new Fault('unreadable', `the guest agent refuses ${command}: ${JSON.stringify(answer).slice(0, 200)}`)
    },
    close: lines.close,
  }
}

/** Junk is passed over: it may be the rest of an answer to somebody else. */
function readable(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const message: unknown = JSON.parse(text)
    return isRecord(message) ? message : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

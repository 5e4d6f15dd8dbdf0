/**
 * The clock's door: begins what policies ask for when it is due, and ends what has had its time. Any number of processes
 * may do this over one catalog: what is due stands in the catalog, and the transaction that deals with it takes it away.
 */
import { readInventory } from '../control/checkpoint/read-inventory.ts'
import { runPolicy } from '../control/policy/run-policy.ts'
import { runReplication } from '../control/policy/run-replication.ts'
import type { AppliedPolicyRecord } from '../ports/catalog/applied-policy.ts'
import type { Ports } from '../ports/ports.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { sweepAged } from './sweep-aged.ts'

export type SchedulePorts = Pick<Ports, 'catalog' | 'protectables' | 'now' | 'log' | 'wake' | 'replicas' | 'settings'>

export interface ScheduleOptions {
  /** Milliseconds between two looks at what is due. */
  readonly lookEvery?: number
  /** Milliseconds between two sweeps for what has had its time. */
  readonly sweepEvery?: number
}

export interface Schedule {
  /** Resolves when what is due at this moment has begun. */
  look(): Promise<void>
  /** Resolves when what has had its time is on its way out. */
  sweep(): Promise<void>
  /** Begins nothing more; resolves when nothing is under way any more. What is still due stays so. */
  stop(): Promise<void>
}

const LOOK_EVERY_MS = 5000
const HOUR_MS = 60 * 60 * 1000

/** Looks and sweeps at once, and then again and again. */
export function startSchedule(ports: SchedulePorts, options: ScheduleOptions = {}): Schedule {
  const { lookEvery = LOOK_EVERY_MS, sweepEvery = HOUR_MS } = options
  const stopped = new AbortController()
  const once = (what: string, work: Work) => oneAtATime(() => logged(ports, what, () => work(ports, stopped.signal)))
  const looks = once('looking for due policies', lookAtDue)
  // Apart, since another region may take its time to answer.
  const copies = once('looking for due replications', lookAtReplications)
  const sweeps = once('sweeping what has expired', sweepAged)
  const timers = [
    setInterval(looks.ask, lookEvery),
    setInterval(copies.ask, lookEvery),
    setInterval(sweeps.ask, sweepEvery),
  ]
  looks.ask()
  copies.ask()
  sweeps.ask()
  return {
    async look() {
      looks.ask()
      copies.ask()
      await Promise.all([looks.rest(), copies.rest()])
    },
    async sweep() {
      sweeps.ask()
      await sweeps.rest()
    },
    async stop() {
      timers.forEach(clearInterval)
      stopped.abort()
      await Promise.all([looks.rest(), copies.rest(), sweeps.rest()])
    },
  }
}

/** Looks at the signal between two transactions. Answers whether there is work for the jobs. */
type Work = (ports: SchedulePorts, stopped: AbortSignal) => Promise<boolean>

async function logged(ports: SchedulePorts, what: string, work: () => Promise<boolean>): Promise<void> {
  try {
    if (await work()) ports.wake()
  } catch (error) {
    ports.log.error({ err: error }, `${what} failed; trying again later`)
  }
}

/** What fails for one vault or project is tried again at the next look. */
async function lookAtDue(ports: SchedulePorts, stopped: AbortSignal): Promise<boolean> {
  if (stopped.aborted) return false
  const due = await ports.catalog.read(({ appliedPolicies }) => appliedPolicies.due('backup', ports.now()))
  let begun = false
  for (const [projectId, runs] of Map.groupBy(due, ({ projectId }) => projectId)) {
    try {
      const inventory = await readInventory(ports.protectables, projectId)
      for (const run of runs) {
        if (stopped.aborted) return begun
        begun = (await begin(ports, run, inventory)) || begun
      }
    } catch (error) {
      ports.log.error({ err: error, project: projectId }, 'the servers and disks of a project cannot be read')
    }
  }
  return begun
}

async function begin(
  ports: SchedulePorts,
  run: AppliedPolicyRecord,
  inventory: Awaited<ReturnType<typeof readInventory>>,
): Promise<boolean> {
  try {
    return await ports.catalog.change(records => runPolicy(records, run, { inventory, at: ports.now() }))
  } catch (error) {
    logPolicy(ports, run, error)
    return false
  }
}

async function lookAtReplications(ports: SchedulePorts, stopped: AbortSignal): Promise<boolean> {
  if (stopped.aborted) return false
  const due = await ports.catalog.read(({ appliedPolicies }) => appliedPolicies.due('replication', ports.now()))
  let begun = false
  for (const run of due) {
    if (stopped.aborted) return begun
    try {
      begun = (await runReplication(ports, run)) || begun
    } catch (error) {
      logPolicy(ports, run, error)
    }
  }
  return begun
}

function logPolicy({ log }: SchedulePorts, { vaultId: vault, policyId: policy }: AppliedPolicyRecord, error: unknown) {
  log.error({ err: error, vault, policy }, 'a policy could not be run; trying again at the next look')
}

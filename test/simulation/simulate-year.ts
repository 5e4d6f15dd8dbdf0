/**
 * A year of policies on a clock that stands still between the moments that matter: rules, catalog, schedule, runner and
 * jobs are the real ones (test/policy-stage.ts), the bytes are none. After every run the vault's backups are compared,
 * one by one, with what the models say.
 */
import assert from 'node:assert/strict'
import type { ProjectCaller } from '../../src/control/use-case.ts'
import { seeded } from '../crash/random.ts'
import { alice } from '../desk.ts'
import { policyCalls } from '../policy-calls.ts'
import { openPolicyStage, type PolicyStage } from '../policy-stage.ts'
import { type ExpectedRun, expectedYear } from './expectation.ts'
import { DOWNTIME, drawPlan, type Plan } from './plans.ts'
import { quickKinds } from './quick-jobs.ts'

const START = new Date('2026-11-23T14:15:54.210Z')
const END = new Date('2027-11-23T14:15:54.210Z')
const HOUR = 60 * 60 * 1000
const VAULTS_A_PROJECT = 50
const POLICIES_A_PROJECT = 10

interface Protected {
  readonly vaultId: string
  readonly projectId: string
  readonly runs: readonly ExpectedRun[]
}

export interface Year {
  readonly vaults: number
  readonly runs: number
  readonly moments: number
}

export interface YearOptions {
  readonly vaults: number
  readonly seed: number
  /** See quick-jobs.ts. */
  readonly quickJobs?: boolean
}

export async function simulateYear({ vaults, seed, quickJobs = false }: YearOptions): Promise<Year> {
  await using stage = await openPolicyStage(quickJobs ? { kinds: quickKinds } : {})
  stage.setClock(START)
  const happenings = new Map<number, (() => Promise<unknown>)[]>()
  const happens = (at: number, what: () => Promise<unknown>) => {
    happenings.set(at, [...(happenings.get(at) ?? []), what])
  }
  const all = await settle(stage, { vaults, seed, happens })
  const checks = new Map<number, Protected[]>()
  for (const one of all) for (const { at } of one.runs) checks.set(at, [...(checks.get(at) ?? []), one])
  happens(DOWNTIME.to.getTime(), async () => undefined)
  const moments = [...new Set([...happenings.keys(), ...checks.keys()])].sort((a, b) => a - b)
  for (const [index, moment] of moments.entries()) {
    stage.setClock(new Date(moment))
    for (const what of happenings.get(moment) ?? []) await what()
    await stage.goTo(new Date(moment))
    for (const one of checks.get(moment) ?? []) await compare(stage, one, moment)
    // Once in a while the clock goes back and is looked at again: nothing may come of it.
    if (index % 100 === 99) await stage.goTo(new Date(moment - 3 * HOUR))
  }
  await checkTotals(stage, all)
  assert.deepEqual(stage.complaints, [])
  return { vaults: all.length, runs: all.reduce((sum, { runs }) => sum + runs.length, 0), moments: moments.length }
}

interface Setting {
  readonly vaults: number
  readonly seed: number
  readonly happens: (at: number, what: () => Promise<unknown>) => void
}

/** Makes projects, policies and vaults, and hands in what happens to them during the year. */
async function settle(stage: PolicyStage, { vaults, seed, happens }: Setting): Promise<readonly Protected[]> {
  const random = seeded(seed)
  const all: Protected[] = []
  for (let project = 0; all.length < vaults; project += 1) {
    const caller: ProjectCaller = { ...alice, projectId: (project + 1).toString(16).padStart(32, '0') }
    const calls = policyCalls(stage.ports, caller)
    const made: { readonly id: string; readonly runs: readonly ExpectedRun[] }[] = []
    for (let at = 0; at < POLICIES_A_PROJECT; at += 1) {
      const plan: Plan = drawPlan(project * POLICIES_A_PROJECT + at, random)
      const { id } = await calls.create(plan.policy)
      for (const { at: when, update } of plan.changes) happens(when.getTime(), () => calls.update(id, update))
      made.push({ id, runs: expectedYear(plan, START, END) })
    }
    for (let at = 0; at < VAULTS_A_PROJECT && all.length < vaults; at += 1) {
      const policy = made[at % made.length]
      assert.ok(policy)
      const disk = await stage.disk({ projectId: caller.projectId })
      const vaultId = await stage.vault([disk], { backup_policy_id: policy.id }, caller)
      all.push({ vaultId, projectId: caller.projectId, runs: policy.runs })
    }
  }
  return all
}

async function compare(stage: PolicyStage, { vaultId, projectId, runs }: Protected, moment: number): Promise<void> {
  const expected = runs.find(({ at }) => at === moment)
  const found = (await stage.backups(vaultId, projectId)).map(({ createdAt, status, autoTrigger }) =>
    status === 'available' && autoTrigger ? createdAt.getTime() : status,
  )
  assert.deepEqual(
    found,
    expected?.left,
    [`vault ${vaultId} at ${new Date(moment).toISOString()}`, ...stage.complaints].join('\n'),
  )
}

/** No backup was made that nobody expected. */
async function checkTotals(stage: PolicyStage, all: readonly Protected[]): Promise<void> {
  const expected = Map.groupBy(all, ({ projectId }) => projectId)
  for (const [projectId, vaults] of expected) {
    const filter = { type: 'backup', status: 'success' }
    const page = { limit: 1, offset: 0 }
    const { total } = await stage.ports.catalog.read(({ operationLogs }) => operationLogs.list(projectId, filter, page))
    assert.equal(
      total,
      vaults.reduce((sum, { runs }) => sum + runs.length, 0),
    )
  }
}

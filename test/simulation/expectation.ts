/** What a vault's year must look like, by the models alone: when it is backed up, and what is left after each time. */
import type { PolicyCreate } from '../../src/contract/operations.gen.ts'
import { type AdvancedRules, advancedEnd } from './advanced-model.ts'
import { dueTimes } from './calendar-model.ts'
import { DOWNTIME, type Plan } from './plans.ts'
import { isKept, type Made } from './retention-model.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

type Rules = PolicyCreate['operation_definition']

interface Phase {
  readonly from: Date
  readonly to: Date
  readonly enabled: boolean
  readonly patterns: readonly string[]
  readonly windowMinutes: number
  readonly rules: Rules
}

/** What the policy says, from change to change. */
function phases({ policy, changes }: Plan, start: Date, end: Date): readonly Phase[] {
  let now = {
    enabled: true,
    patterns: policy.trigger.properties.pattern,
    windowMinutes: policy.trigger.properties.start_window_minutes ?? 60,
    rules: policy.operation_definition,
  }
  let from = start
  const found: Phase[] = []
  for (const { at, update } of changes) {
    found.push({ ...now, from, to: at })
    now = {
      ...now,
      enabled: update.enabled ?? now.enabled,
      patterns: update.trigger?.properties.pattern ?? now.patterns,
      rules: update.operation_definition ?? now.rules,
    }
    from = at
  }
  return [...found, { ...now, from, to: end }]
}

export interface ExpectedRun {
  readonly at: number
  /** When the backups that are left were made, oldest first. */
  readonly left: readonly number[]
}

interface Alive extends Made {
  readonly expiry: number
}

export function expectedYear(plan: Plan, start: Date, end: Date): readonly ExpectedRun[] {
  const runs: ExpectedRun[] = []
  let alive: readonly Alive[] = []
  for (const phase of phases(plan, start, end)) {
    for (const at of runsIn(phase, start)) {
      const days = phase.rules.retention_duration_days ?? -1
      const made = {
        id: String(at),
        createdAt: new Date(at),
        expiry: days > 0 ? Math.max(at + days * DAY, longer(phase.rules, at)) : Number.POSITIVE_INFINITY,
      }
      alive = remaining([...alive, made], phase.rules, at)
      runs.push({ at, left: alive.map(({ createdAt }) => createdAt.getTime()) })
    }
  }
  return runs
}

/** Due times as they come, but for the downtime: of what it swallowed, the latest is run when it ends, if not too late. */
function runsIn({ enabled, patterns, windowMinutes, from, to }: Phase, start: Date): readonly number[] {
  if (!enabled) return []
  const [off, on] = [DOWNTIME.from.getTime(), DOWNTIME.to.getTime()]
  const due = dueTimes(patterns, start, { from, to })
  const swallowed = due.filter(time => time >= off && time <= on)
  const latest = swallowed.at(-1)
  const late = latest !== undefined && on - latest <= windowMinutes * MINUTE ? [on] : []
  return [...due.filter(time => time < off), ...late, ...due.filter(time => time > on)]
}

const longer = ({ advanced_retention_rules: rules = {}, timezone = 'UTC+00:00' }: Rules, at: number): number =>
  advancedEnd(rules as AdvancedRules, timezone, new Date(at))

const isLimited = (rules: Rules): boolean =>
  [rules.max_backups, rules.day_backups, rules.week_backups, rules.month_backups, rules.year_backups].some(
    most => (most ?? 0) > 0,
  )

function remaining(all: readonly Alive[], rules: Rules, at: number): readonly Alive[] {
  return all.filter((backup, index) => {
    if (index === all.length - 1) return true
    if (backup.expiry <= at) return false
    return !isLimited(rules) || isKept(backup, all, rules) || longer(rules, backup.createdAt.getTime()) > at
  })
}

import type { JobRecord } from '../ports/catalog/job.ts'
import type { Retention } from '../ports/replicas.ts'

/** A text of a job's payload. Payloads are our own, so that a wrong one is a bug. */
export function textOf(job: JobRecord, key: string): string {
  const value = job.payload[key]
  if (typeof value !== 'string') throw new Error(`job ${job.id} (${job.kind}) has no text "${key}"`)
  return value
}

/** What a replication policy keeps, where the job has one. */
export function retentionOf(job: JobRecord): Retention | undefined {
  const { retention } = job.payload
  if (retention === undefined) return undefined
  if (typeof retention !== 'object' || retention === null) throw new Error(`job ${job.id} has no rules of retention`)
  return retention
}

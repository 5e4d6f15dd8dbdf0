import type { JobRecord } from '../ports/catalog/job.ts'

/** A text of a job's payload. Payloads are our own, so that a wrong one is a bug. */
export function textOf(job: JobRecord, key: string): string {
  const value = job.payload[key]
  if (typeof value !== 'string') throw new Error(`job ${job.id} (${job.kind}) has no text "${key}"`)
  return value
}

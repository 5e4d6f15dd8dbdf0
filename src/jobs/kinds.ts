import type { JobKind } from '../ports/catalog/job.ts'
import type { JobType } from './job-ports.ts'

/** Every kind of work that outlives its request, and the function that does it. */
export const kinds: Readonly<Partial<Record<JobKind, JobType>>> = {}

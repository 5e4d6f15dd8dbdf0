import type { JobKind } from '../ports/catalog/job.ts'
import { fillDisk } from './fill-disk.ts'
import type { JobType } from './job-ports.ts'
import { registerImage } from './register-image.ts'
import { removeDisk } from './remove-disk.ts'

/** Every kind of work that outlives its request, and the function that does it. */
export const kinds: Readonly<Partial<Record<JobKind, JobType>>> = {
  'fill-disk': fillDisk,
  'register-image': registerImage,
  'remove-disk': removeDisk,
}

import type { ImageRecord } from '../../ports/catalog/image.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'

/** The vendor's image job, as its clients poll it. */
export interface ImageJob {
  readonly job_id: string
  readonly job_type: 'createWholeImage'
  readonly status: 'INIT' | 'RUNNING' | 'SUCCESS' | 'FAIL'
  readonly begin_time: string
  readonly end_time: string | null
  readonly error_code: string | null
  readonly fail_reason: string | null
  readonly entities: { readonly image_id: string }
}

const wire: Readonly<Record<ImageRecord['status'], ImageJob['status']>> = {
  queued: 'INIT',
  saving: 'RUNNING',
  active: 'SUCCESS',
  error: 'FAIL',
}

/** The job is known as long as its image; undefined otherwise. */
export async function showImageJob(
  { catalog }: Pick<Ports, 'catalog'>,
  caller: ProjectCaller,
  jobId: string,
): Promise<ImageJob | undefined> {
  const image = await catalog.read(({ images }) => images.findByJob(caller.projectId, jobId))
  if (image === undefined) return undefined
  const status = wire[image.status]
  const failed = status === 'FAIL'
  return {
    job_id: jobId,
    job_type: 'createWholeImage',
    status,
    begin_time: image.createdAt.toISOString(),
    end_time: failed || status === 'SUCCESS' ? image.updatedAt.toISOString() : null,
    error_code: failed ? 'BackupService.6212' : null,
    fail_reason: failed ? (image.failure ?? null) : null,
    entities: { image_id: image.id },
  }
}

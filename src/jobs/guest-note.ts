import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import type { GuestState } from '../ports/machines.ts'
import { wireCode } from './job-failure.ts'
import type { Outcome } from './publish.ts'

/** The operation log of a running machine's backup says whether its guest was at rest: 1, or 0 and why. */
export async function guestNote(
  records: Pick<Records, 'operationLogs'>,
  job: JobRecord,
  guest: GuestState | undefined,
): Promise<Outcome> {
  if (guest === undefined || job.operationLogId === undefined) return {}
  const log = await records.operationLogs.find(job.projectId, job.operationLogId)
  if (log?.detail.backup === undefined) return {}
  const why = guest.atRest ? undefined : guest.why
  return {
    detail: {
      ...log.detail,
      backup: {
        ...log.detail.backup,
        app_consistency_status: guest.atRest ? '1' : '0',
        ...(why !== undefined && {
          app_consistency_error_code: wireCode('9910'),
          app_consistency_error_message: why,
        }),
      },
    },
  }
}

import type { Audit } from '../../contract/opencbr-api.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { AuditRecord } from '../../ports/catalog/audit.ts'
import type { Page } from '../../ports/catalog/listing.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'

export interface AuditsAsked {
  readonly filter: { readonly operation?: string; readonly resourceId?: string }
  readonly page: Page
}

/** What was done in the project, and what was refused; newest first. */
export async function listAudits(
  { catalog }: Pick<Ports, 'catalog'>,
  { projectId }: ProjectCaller,
  { filter, page }: AuditsAsked,
): Promise<{ readonly audits: readonly Audit[]; readonly count: number }> {
  const { rows, total } = await catalog.read(({ audits }) => audits.list(projectId, filter, page))
  return { audits: rows.map(asAudit), count: total }
}

const asAudit = (record: AuditRecord): Audit => ({
  id: record.id,
  created_at: asTimestamp(record.at),
  project_id: record.projectId,
  ...(record.userId !== '' && { user_id: record.userId }),
  user_name: record.userName,
  operation: record.operation,
  ...(record.resourceId !== '' && { resource_id: record.resourceId }),
  ...(record.sourceIp !== '' && { source_ip: record.sourceIp }),
  request_id: record.requestId,
  status: record.status,
  ...(record.errorCode !== '' && { error_code: record.errorCode }),
})

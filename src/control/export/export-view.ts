import type { Export, NewExport } from '../../contract/opencbr-api.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { ExportSessionRecord } from '../../ports/catalog/export-session.ts'
import type { OpenedExport } from '../../ports/export-door.ts'

export const asExport = (session: ExportSessionRecord): Export => ({
  id: session.id,
  backup_id: session.backupId,
  user_id: session.userId,
  listen: session.listen,
  overlay: session.overlay,
  size_bytes: session.sizeBytes,
  created_at: asTimestamp(session.createdAt),
  expires_at: asTimestamp(session.expiresAt),
})

export const asNewExport = (session: ExportSessionRecord, opened: OpenedExport): NewExport => ({
  ...asExport(session),
  ...opened,
})

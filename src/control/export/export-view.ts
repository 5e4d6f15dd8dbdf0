import { asTimestamp } from '../../contract/times.ts'
import type { ExportSessionRecord } from '../../ports/catalog/export-session.ts'
import type { OpenedExport } from '../../ports/export-door.ts'

/** A session as the API shows it. */
export interface Export {
  readonly id: string
  readonly backup_id: string
  readonly user_id: string
  readonly listen: 'unix' | 'tcp'
  /** Takes writes, which go nowhere but into the session. */
  readonly overlay: boolean
  readonly size_bytes: number
  readonly created_at: string
  readonly expires_at: string
}

/** With the way in, which only the answer to its creation has. */
export interface NewExport extends Export {
  readonly uri: string
  readonly name: string
  /** PEM, over TCP. */
  readonly certificate?: string
}

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

import type { ExportSessionRecord } from './catalog/export-session.ts'

/** What a client needs to get in; told once, to who made the session. */
export interface OpenedExport {
  /** `nbd+unix:///NAME?socket=PATH` on this machine, `nbds://HOST:PORT/NAME` from elsewhere. */
  readonly uri: string
  /** Of the export. Over TCP it is the secret that lets a client in. */
  readonly name: string
  /** PEM; what a client has to trust, over TCP. */
  readonly certificate?: string
}

/** The NBD server of this process. */
export interface ExportDoor {
  /** The name under which this process holds its sessions. */
  readonly holder: string
  /**
   * Listens for one session's clients; lets nobody read before there is a row that allows it. `source` holds the bytes.
   * Fault where it cannot listen, or the bytes cannot be opened.
   */
  open(
    session: ExportSessionRecord,
    source: { readonly projectId: string; readonly backupId: string },
  ): Promise<OpenedExport>
  /** Cuts its clients off, and forgets what they wrote. Unknown is fine. */
  close(id: string): Promise<void>
}

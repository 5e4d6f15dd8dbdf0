/** What `/opencbr/v1` and `/image` answer beyond the vendor's contract: the shapes that service and client share. */
import type { OpExtendInfoVerify, OperationLog } from './operations.gen.ts'

/** A session of instant access, over NBD. */
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

/** A disk image on its way to become a backup. */
export interface Import {
  readonly id: string
  readonly name: string
  readonly format: string
  /** Of the file. */
  readonly size_bytes: number
  /** Where the next piece begins. */
  readonly received_bytes: number
  readonly created_at: string
}

export interface ImportedBackup {
  readonly backup_id: string
  readonly checkpoint_id: string
}

/** Of an image: what may be sent. */
export const importFormats = ['raw', 'qcow2', 'vmdk', 'vhdx', 'vpc'] as const
export type ImportFormat = (typeof importFormats)[number]

/** Of a piece of an import, bytes. */
export const LARGEST_PIECE = 16 * 1024 * 1024

/** A verification. What was found is told once it has ended. */
export interface Verification extends OpExtendInfoVerify {
  readonly id: string
  readonly project_id: string
  readonly status: OperationLog['status']
  /** Percent. */
  readonly progress: number
  readonly created_at: string
  readonly ended_at?: string
  readonly error_info: { readonly code: string; readonly message: string }
}

/** What was done in a project, or refused there. */
export interface Audit {
  readonly id: string
  readonly created_at: string
  readonly project_id: string
  /** The service has none, who notes damage that it finds; nor has it an address. */
  readonly user_id?: string
  readonly user_name: string
  /** Its name, such as AddMember. */
  readonly operation: string
  readonly resource_id?: string
  readonly source_ip?: string
  readonly request_id: string
  /** HTTP's, of the answer. */
  readonly status: number
  /** Where it was refused. */
  readonly error_code?: string
}

/** An address that a project's events are sent to. */
export interface Webhook {
  readonly id: string
  readonly name: string
  readonly url: string
  /** Empty: all. */
  readonly events: readonly string[]
  readonly user_id: string
  readonly created_at: string
}

/** With its secret, which only the answer has that it was made for. */
export interface NewWebhook extends Webhook {
  readonly secret: string
}

export const deliveryStatuses = ['waiting', 'delivered', 'failed'] as const

/** An event on its way to a webhook; what has no value is left out. */
export interface Delivery {
  readonly id: string
  readonly event_id: string
  readonly type: string
  readonly status: (typeof deliveryStatuses)[number]
  readonly created_at: string
  readonly attempts: number
  readonly last_attempt_at?: string
  /** HTTP's status of the last attempt. */
  readonly answer?: number
  readonly problem?: string
  readonly ended_at?: string
}

import type { BackupBytes } from './backup-bytes.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { EventSender } from './event-sender.ts'
import type { ExportDoor } from './export-door.ts'
import type { Caller, Identity } from './identity.ts'
import type { Log } from './log.ts'
import type { Now } from './now.ts'
import type { Protectables } from './protectables.ts'
import type { Replicas } from './replicas.ts'
import type { Secrets } from './secrets.ts'
import type { Uploads } from './uploads.ts'

/** What the rules may ask of the outside. A use case's signature names the ones it needs and gets no more. */
export interface Ports {
  readonly catalog: Catalog
  readonly identity: Identity
  readonly protectables: Protectables
  readonly backupBytes: BackupBytes
  readonly exports: ExportDoor
  readonly replicas: Replicas
  readonly uploads: Uploads
  readonly events: EventSender
  readonly secrets: Secrets
  readonly mayCall: MayCall
  readonly wake: Wake
  readonly now: Now
  readonly log: Log
  readonly settings: Settings
}

/**
 * Whether the caller may also do this action, for rules that show more to who may do more. The action of the route
 * itself has been checked before a use case runs.
 */
export type MayCall = (caller: Pick<Caller, 'roles' | 'statements'>, action: string) => boolean

/** Tells the runner that a job has been committed, so that it need not wait for its next look. */
export type Wake = () => void

/** What the operator decided and a rule depends on. */
export interface Settings {
  readonly region: string
  readonly availabilityZone: string
  /** Vaults a project may have (6133); Infinity by default. */
  readonly mostVaults: number
  /** Webhooks a project may have. */
  readonly mostWebhooks: number
  /** Smallest vault on creation, GB. */
  readonly smallestVaultGb: number
  /** Folder in which disks made by OpenCBR lie, absolute. */
  readonly disksFolder: string
  /** Folder of images that are being imported, each in its own; absolute. */
  readonly importsFolder: string
}

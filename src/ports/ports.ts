import type { BackupBytes } from './backup-bytes.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { Identity } from './identity.ts'
import type { Log } from './log.ts'
import type { Now } from './now.ts'
import type { Protectables } from './protectables.ts'

/** What the rules may ask of the outside. A use case's signature names the ones it needs and gets no more. */
export interface Ports {
  readonly catalog: Catalog
  readonly identity: Identity
  readonly protectables: Protectables
  readonly backupBytes: BackupBytes
  readonly wake: Wake
  readonly now: Now
  readonly log: Log
  readonly settings: Settings
}

/** Tells the runner that a job has been committed, so that it need not wait for its next look. */
export type Wake = () => void

/** What the operator decided and a rule depends on. */
export interface Settings {
  readonly region: string
  readonly availabilityZone: string
  /** Vaults a project may have (6133); Infinity by default. */
  readonly mostVaults: number
  /** Smallest vault on creation, GB. */
  readonly smallestVaultGb: number
  /** Folder in which disks made by OpenCBR lie, absolute. */
  readonly disksFolder: string
}

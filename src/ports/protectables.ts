/** Servers and disks that could be protected: the compute and block-storage services' view of a project. */

export type ResourceType = 'OS::Nova::Server' | 'OS::Cinder::Volume'

export interface ProtectableDisk {
  readonly id: string
  readonly name: string
  readonly sizeBytes: number
  /** Cinder's words: `available` (detached), `in-use`, `creating`, `restoring-backup`, `error`, `deleting`. */
  readonly status: string
  readonly bootable: boolean
  readonly encrypted: boolean
  readonly serverId?: string
  /** `/dev/vda` and so on, where attached. */
  readonly device?: string
  readonly shareable: boolean
  readonly availabilityZone: string
  readonly createdAt: Date
  readonly projectId: string
  /** What vaults that bind by tags look at: Cinder's metadata. */
  readonly tags?: Readonly<Record<string, string>>
}

export interface ProtectableServer {
  readonly id: string
  readonly name: string
  /** Nova's words: `ACTIVE`, `SHUTOFF`, `ERROR`, `DELETED`. */
  readonly status: string
  readonly availabilityZone: string
  readonly createdAt: Date
  readonly projectId: string
  /** The system disk first. */
  readonly disks: readonly ProtectableDisk[]
  /** As a disk's: Nova's metadata. */
  readonly tags?: Readonly<Record<string, string>>
}

export interface Protectables {
  servers(projectId: string): Promise<readonly ProtectableServer[]>
  disks(projectId: string): Promise<readonly ProtectableDisk[]>
  server(projectId: string, id: string): Promise<ProtectableServer | undefined>
  disk(projectId: string, id: string): Promise<ProtectableDisk | undefined>
}

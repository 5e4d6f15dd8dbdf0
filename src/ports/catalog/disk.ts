import type { DiskFormat } from '../disks.ts'

/** The embedded shape's own inventory: disks (volumes) and servers. In a private cloud Cinder and Nova keep these. */

export type DiskStatus = 'creating' | 'available' | 'in-use' | 'restoring-backup' | 'error' | 'deleting'

export interface DiskRecord {
  readonly id: string
  readonly projectId: string
  readonly name: string
  readonly description: string
  readonly sizeBytes: number
  /** As in a DiskLocation. */
  readonly path: string
  readonly format: DiskFormat
  readonly status: DiskStatus
  readonly bootable: boolean
  readonly serverId?: string
  readonly device?: string
  readonly availabilityZone: string
  readonly volumeType: string
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly sourceBackupId?: string
  readonly sourceImageId?: string
  /** True where OpenCBR made the file and deletes it with the volume; false for a disk of the configuration. */
  readonly managed: boolean
  readonly metadata: Readonly<Record<string, string>>
  readonly failure?: string
}

export interface ServerRecord {
  readonly id: string
  readonly projectId: string
  readonly name: string
  /** Nova's words: ACTIVE, SHUTOFF, ERROR. */
  readonly status: string
  readonly availabilityZone: string
  readonly createdAt: Date
  /** What vaults that bind by tags look at. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** `null` empties an optional field. */
export type DiskPatch = Partial<
  Omit<DiskRecord, 'id' | 'projectId' | 'createdAt' | 'serverId' | 'device' | 'failure'>
> & {
  readonly [K in 'serverId' | 'device' | 'failure']?: DiskRecord[K] | null
}

export interface DiskRecords {
  insert(disk: DiskRecord): Promise<void>
  find(projectId: string, id: string): Promise<DiskRecord | undefined>
  /** As `find`, and holds the row. */
  lock(projectId: string, id: string): Promise<DiskRecord | undefined>
  /** Newest first, then by id. */
  ofProject(projectId: string): Promise<readonly DiskRecord[]>
  /** In `creating`, of that volume type and not changed since then, of all projects; the oldest first, at most 100. */
  unfinished(volumeType: string, before: Date): Promise<readonly DiskRecord[]>
  update(id: string, patch: DiskPatch): Promise<void>
  remove(id: string): Promise<void>
}

export interface ServerRecords {
  /** Inserts, or overwrites name, zone and metadata. */
  put(server: ServerRecord): Promise<void>
  find(projectId: string, id: string): Promise<ServerRecord | undefined>
  ofProject(projectId: string): Promise<readonly ServerRecord[]>
  setStatus(id: string, status: string): Promise<void>
  remove(id: string): Promise<void>
}

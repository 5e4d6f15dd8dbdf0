/** Reading and writing the bytes of disks: raw files and block devices, image files that QEMU opens, NBD exports. */

/** `raw` covers files and block devices; `vpc` is what is commonly called VHD; `nbd` is an export of an NBD server. */
export type DiskFormat = 'raw' | 'qcow2' | 'vmdk' | 'vhdx' | 'vpc' | 'nbd'

export interface DiskLocation {
  /** Absolute; of an NBD export its URI. */
  readonly path: string
  readonly format: DiskFormat
  /** Of an NBD export: it shows a moment of a disk that a machine goes on writing to (machines.ts). */
  readonly moment?: {
    /** The dirty bitmap that tells what has changed since the base of the backup. */
    readonly bitmap?: string
  }
}

/** A run of bytes; `data: false` means it certainly reads as zeros. */
export interface Extent {
  readonly offset: number
  readonly length: number
  readonly data: boolean
}

/** Reads may overlap and come in any order. Everything fails with a Fault: missing, unreadable, changed, denied. */
export interface DiskReader extends AsyncDisposable {
  readonly sizeBytes: number
  /** Fills `into` from `offset`; both end within the disk. A short read (the disk shrank) is a Fault `changed`. */
  read(into: Uint8Array, offset: number): Promise<void>
  /** The disk from 0 to its end without gaps, holes as the source can tell them; one data extent where it can't. */
  extents(): AsyncIterable<Extent>
  /** All that can differ from the base of the backup; undefined, or no such method: anything can. */
  changed?(): Promise<readonly Extent[] | undefined>
  /** Fault `changed` unless the source still has the size it had when opened. Called when all has been read. */
  checkUnchangedSize(): Promise<void>
}

export interface DiskWriter extends AsyncDisposable {
  readonly sizeBytes: number
  /** Whether every byte is known to be zero, so that holes need no writing. */
  readonly blank: boolean
  write(from: Uint8Array, offset: number): Promise<void>
  /** Makes the run read as zeros, punching a hole where the target can. */
  zero(offset: number, length: number): Promise<void>
  /** Reads back, for verification and for leaving zeros alone. */
  read(into: Uint8Array, offset: number): Promise<void>
  /** All writes that had resolved before are durable when this resolves; others may be under way. */
  flush(): Promise<void>
}

export interface Disks {
  openReader(disk: DiskLocation): Promise<DiskReader>
  /**
   * Exclusive among this process's writers: a second one is a Fault `conflict`. So is a disk that a virtual machine or
   * another process of ours has, where the system can tell.
   */
  openWriter(disk: DiskLocation): Promise<DiskWriter>
  /** Makes a sparse raw file of that size, durable; replaces nothing (Fault `conflict`). */
  create(path: string, sizeBytes: number): Promise<DiskLocation>
  /** Missing is fine. */
  remove(disk: DiskLocation): Promise<void>
  /** Size and kind without reading: Fault `missing` when there is none. */
  stat(disk: DiskLocation): Promise<{ readonly sizeBytes: number; readonly allocatedBytes: number }>
}

import type { DiskLocation, Disks } from '../../ports/disks.ts'
import { Fault } from '../../ports/fault.ts'
import { nbdDisks } from './nbd.ts'
import { qemuDisks } from './qemu.ts'
import { type RawOptions, rawDisks } from './raw.ts'

export interface LocalOptions extends RawOptions {
  /** Where images may have their backing files, beside the folder of the image itself; absolute. */
  readonly backingFolders?: readonly string[]
}

/** The disks of this machine, and what NBD servers offer it. Those that OpenCBR makes are raw. */
export function localDisks(options: LocalOptions = {}): Disks {
  const raw = rawDisks(options)
  const images = qemuDisks(options.backingFolders ?? [])
  const of = ({ format }: DiskLocation) => (format === 'raw' ? raw : format === 'nbd' ? nbdDisks : images)
  return {
    openReader: disk => of(disk).openReader(disk),
    openWriter: disk => of(disk).openWriter(disk),
    stat: disk => of(disk).stat(disk),
    create: raw.create,
    async remove(disk) {
      if (disk.format !== 'raw')
        throw new Fault('denied', `${disk.path} was not made by OpenCBR, and is not removed by it`)
      await raw.remove(disk)
    },
  }
}

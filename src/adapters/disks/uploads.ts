import { rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Disks } from '../../ports/disks.ts'
import { systemCode, systemFault } from '../../ports/system-fault.ts'
import type { Uploads } from '../../ports/uploads.ts'

/** On the disks of this machine: whatever a file's format, its pieces are bytes. */
export const localUploads = (disks: Disks): Uploads => ({
  async begin(path, sizeBytes) {
    await disks.create(path, sizeBytes)
  },
  async write(path, offset, bytes) {
    await using file = await disks.openWriter({ path, format: 'raw' })
    await file.write(bytes, offset)
    await file.flush()
  },
  async discard(path) {
    await disks.remove({ path, format: 'raw' })
    await rmdir(dirname(path)).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw systemFault(`cannot remove the folder of ${path}`, error)
    })
  },
})

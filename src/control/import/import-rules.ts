/**
 * Imports: a disk image that somebody has becomes a backup. The image is sent in pieces, each durable before it is
 * answered, so that what breaks off goes on where it was. Until its backup has been taken it is a disk of the project
 * (`creating` while it is sent); then the file goes, and the backup is all there is: it can be shared, exported, made into
 * volumes, and restored onto no original.
 */
import { refuse } from '../../contract/errors.ts'
import { isUuid } from '../../contract/ids.ts'
import { GIB } from '../../contract/sizes.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { DiskRecord } from '../../ports/catalog/disk.ts'
import { LARGEST_GB } from '../volume/volume-rules.ts'

/** Imports that a project may have open at one time. */
export const MOST_IMPORTS = 16
/** One that nothing is sent to for so long is given up, milliseconds. */
export const PATIENCE_MS = 7 * 24 * 60 * 60 * 1000

/** What the disks of imports have as their volume type: it is how they are known. */
export const IMPORT_TYPE = 'import'
const RECEIVED = 'opencbr:received_bytes'

export const isImport = (disk: DiskRecord): boolean => disk.volumeType === IMPORT_TYPE
export const isBeingSent = (disk: DiskRecord): boolean => isImport(disk) && disk.status === 'creating'

export const receivedBytes = (disk: DiskRecord): number => Number(disk.metadata[RECEIVED] ?? 0)
export const havingReceived = (bytes: number): DiskRecord['metadata'] => ({ [RECEIVED]: String(bytes) })

/** The project's import, which is still being sent; held in a change. 6302. */
export async function importBeingSent(
  { disks }: Pick<Records, 'disks'>,
  projectId: string,
  id: string,
  hold: 'find' | 'lock',
): Promise<DiskRecord> {
  const disk = isUuid(id) ? await disks[hold](projectId, id) : undefined
  return disk && isBeingSent(disk) ? disk : refuse('6302', { import: id })
}

/** Bytes of the file that is announced: 9900. */
export function checkFileSize(bytes: number): void {
  const largest = LARGEST_GB * GIB
  if (!Number.isSafeInteger(bytes) || bytes < 1 || bytes > largest)
    refuse('9900', { field: 'size_bytes', range: `1 to ${largest}` })
}

/** Pieces come in order, without gaps: 9900. */
export function checkPiece(disk: DiskRecord, offset: number, length: number): void {
  const received = receivedBytes(disk)
  if (offset !== received) refuse('9900', { reason: `the next piece begins at byte ${received}`, offset })
  if (length === 0) refuse('9900', { reason: 'the piece is empty' })
  if (offset + length > disk.sizeBytes)
    refuse('9900', { reason: `the file was announced with ${disk.sizeBytes} bytes` })
}

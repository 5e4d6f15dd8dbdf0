import { refuse } from '../../contract/errors.ts'
import type { Import } from '../../contract/opencbr-api.ts'
import { Fault } from '../../ports/fault.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { checkPiece, havingReceived, importBeingSent } from './import-rules.ts'
import { asImport } from './import-view.ts'

export interface Piece {
  /** Of its first byte in the file. */
  readonly offset: number
  readonly bytes: Uint8Array
}

/** The piece is on the disk before the row counts it, and counted once: the row decides which of two was first. */
export async function addPiece(
  ports: Pick<Ports, 'catalog' | 'now' | 'uploads'>,
  { projectId }: ProjectCaller,
  id: string,
  { offset, bytes }: Piece,
): Promise<Import> {
  const before = await ports.catalog.read(records => importBeingSent(records, projectId, id, 'find'))
  checkPiece(before, offset, bytes.length)
  try {
    await ports.uploads.write(before.path, offset, bytes)
  } catch (error) {
    if (error instanceof Fault && error.kind === 'conflict')
      refuse('9900', { reason: 'another piece of the import is being written' })
    throw error
  }
  return ports.catalog.change(async records => {
    const disk = await importBeingSent(records, projectId, id, 'lock')
    checkPiece(disk, offset, bytes.length)
    const change = { metadata: havingReceived(offset + bytes.length), updatedAt: ports.now() }
    await records.disks.update(id, change)
    return asImport({ ...disk, ...change })
  })
}

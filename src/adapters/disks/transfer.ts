/** Whole reads and writes at an offset: the system may do less than it was asked to. */
import { Fault } from '../../ports/fault.ts'
import { systemFault } from '../../ports/system-fault.ts'
import type { OpenDisk } from './open-disk.ts'

const pieceBytes = 1024 * 1024

export async function readAt(disk: OpenDisk, into: Uint8Array, offset: number): Promise<void> {
  checkWithin(disk, offset, into.length)
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await during(disk, 'read', offset + done, () =>
      disk.handle.read(into, done, into.length - done, offset + done),
    )
    if (bytesRead === 0)
      throw new Fault('changed', `${disk.path} ends at ${offset + done}; it had ${disk.sizeBytes} bytes when opened`)
    done += bytesRead
  }
}

export async function writeAt(disk: OpenDisk, from: Uint8Array, offset: number): Promise<void> {
  checkWithin(disk, offset, from.length)
  for (let done = 0; done < from.length; ) {
    const { bytesWritten } = await during(disk, 'write', offset + done, () =>
      disk.handle.write(from, done, from.length - done, offset + done),
    )
    done += bytesWritten
  }
}

/** Writes zeros where there are others: what reads as zeros already stays as it is, holes too. */
export async function zeroByHand(disk: OpenDisk, offset: number, length: number): Promise<void> {
  checkWithin(disk, offset, length)
  const zeros = Buffer.alloc(Math.min(pieceBytes, length))
  const found = Buffer.alloc(zeros.length)
  for (let done = 0; done < length; done += pieceBytes) {
    const bytes = Math.min(pieceBytes, length - done)
    const piece = found.subarray(0, bytes)
    await readAt(disk, piece, offset + done)
    if (!piece.equals(zeros.subarray(0, bytes))) await writeAt(disk, zeros.subarray(0, bytes), offset + done)
  }
}

/** A range that is not within the disk is a bug of the caller: a RangeError. */
export function checkWithin(disk: OpenDisk, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || !(offset >= 0) || !(length >= 0) || !(offset + length <= disk.sizeBytes))
    throw new RangeError(`${length} bytes from ${offset} are not within ${disk.path} of ${disk.sizeBytes} bytes`)
}

async function during<T>(disk: OpenDisk, what: string, offset: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw systemFault(`cannot ${what} ${disk.path} at ${offset}`, error)
  }
}

/** A moment of a disk that its machine goes on writing to, as QEMU shows it over NBD (ports/machines.ts). */
import { allocation } from '../../nbd-wire/numbers.ts'
import type { DiskReader, Extent } from '../../ports/disks.ts'
import type { NbdClient } from './nbd-client.ts'
import { extents, nbdReader, SPAN, statusOf } from './nbd-disk.ts'
import type { StatusRun } from './nbd-replies.ts'

/** Begins the name of the context that tells a bitmap; the first bit of its flags says: written to. */
export const DIRTY_BITMAP = 'qemu:dirty-bitmap:'
const DIRTY = 1

/** More runs than these are not worth their memory: everything is read. */
const MOST_RUNS = 2 ** 20

/** `bitmap`: the context that tells what has changed. */
export function momentReader(client: NbdClient, name: string, bitmap: string | undefined): DiskReader {
  return {
    ...nbdReader(client, name),
    extents: () => extents(client, name, (offset, length) => askTwice(client, name, offset, length)),
    changed: () => changed(client, name, bitmap),
  }
}

/**
 * A hole counts when QEMU tells it twice. It looks for data in the image of what was overwritten first, then in the disk,
 * and the guest can write zeros in between: the first answer says "zeros" of what had data at the moment. By then that data
 * lies in the first image, for good, and the second answer tells of it. Reads are safe by themselves: QEMU makes the copy
 * wait for them.
 */
async function askTwice(
  client: NbdClient,
  name: string,
  offset: number,
  length: number,
): Promise<readonly StatusRun[]> {
  const once = await statusOf(client, name, offset, length)
  return agreed(once, await statusOf(client, name, offset, length))
}

/** As far as both go; zeros where both say so. */
export function agreed(one: readonly StatusRun[], other: readonly StatusRun[]): readonly StatusRun[] {
  const found: StatusRun[] = []
  let [at, beside] = [0, 0]
  let [left, right] = [one[0]?.length ?? 0, other[0]?.length ?? 0]
  while (left > 0 && right > 0) {
    const length = Math.min(left, right)
    found.push({ length, flags: (one[at]?.flags ?? 0) & (other[beside]?.flags ?? 0) & allocation.zero })
    left -= length
    right -= length
    if (left === 0) left = one[++at]?.length ?? 0
    if (right === 0) right = other[++beside]?.length ?? 0
  }
  return found
}

async function changed(
  client: NbdClient,
  name: string,
  context: string | undefined,
): Promise<readonly Extent[] | undefined> {
  if (context === undefined || !client.export.contexts.has(context)) return undefined
  const { sizeBytes } = client.export
  const found: Extent[] = []
  for (let offset = 0; offset < sizeBytes; ) {
    const runs = await statusOf(client, name, offset, Math.min(SPAN, sizeBytes - offset), context)
    if (runs.length === 0 || found.length > MOST_RUNS) return undefined
    for (const { length, flags } of runs) {
      const bytes = Math.min(length, sizeBytes - offset)
      const last = found.at(-1)
      if ((flags & DIRTY) === 0) offset += bytes
      else {
        if (last && last.offset + last.length === offset)
          found[found.length - 1] = { ...last, length: last.length + bytes }
        else found.push({ offset, length: bytes, data: true })
        offset += bytes
      }
    }
  }
  return found
}

/**
 * All that we make in a machine has a name of ours, so that it is found and removed by whoever comes next. A disk's record
 * of changes is named by the backup from whose moment on it records: no other backup can be the base of what it tells.
 */
import type { Bitmap } from './answers.ts'

const PREFIX = 'opencbr-'

/** QEMU takes 31 characters for a node. */
export const names = {
  job: (place: number) => `${PREFIX}${place}`,
  export: (place: number) => `${PREFIX}${place}`,
  filter: (place: number) => `${PREFIX}filter-${place}`,
  view: (place: number) => `${PREFIX}view-${place}`,
  file: (place: number) => `${PREFIX}file-${place}`,
  /** A copy of the record since the base, as it was at the moment: what a reader is told. */
  changes: (backupId: string) => `${PREFIX}changes-${backupId}`,
  record: (backupId: string) => `${PREFIX}${backupId}`,
} as const

export const isOurs = (name: string): boolean => name.startsWith(PREFIX)
export const isCopy = (name: string): boolean => name.startsWith(`${PREFIX}changes-`)

/** The record that tells what has changed since the base; undefined: everything is to be read. */
export function recordSince(baseId: string | undefined, bitmaps: readonly Bitmap[]): Bitmap | undefined {
  return baseId === undefined ? undefined : bitmaps.find(({ name, sound }) => name === names.record(baseId) && sound)
}

/** Units on the wire: sizes of vaults, disks and servers in GB, what is used in MB; all whole numbers (client-notes 4.6). */

export const GIB = 2 ** 30
export const MIB = 2 ** 20

/** A disk's size: a part of a GB counts as a whole one. */
export const asGb = (bytes: number): number => Math.ceil(bytes / GIB)

export const asMb = (bytes: number): number => Math.ceil(bytes / MIB)

/** A disk as a file to download: raw, or qcow2 without the holes. */
import type { OpenBackup } from '../ports/backup-bytes.ts'

export interface DiskFile {
  readonly sizeBytes: number
  /** Bytes `from` (inclusive) to `to` (exclusive), in order. */
  stream(from: number, to: number): AsyncIterable<Uint8Array>
}

/** Bytes of one read, so that a slow client holds little memory. */
const PIECE = 1024 * 1024

export const rawFile = (disk: OpenBackup): DiskFile => ({
  sizeBytes: disk.sizeBytes,
  async *stream(from, to) {
    for (let at = from; at < to; at += PIECE) yield disk.read(at, Math.min(PIECE, to - at))
  },
})

// What docs/interop/qcow2.rst of QEMU calls a cluster; as large as what the datastore calls a chunk, so that both have
// the same holes. One table (L2) has the places of all clusters of a region.
const CLUSTER_BITS = 18
const CLUSTER = 2 ** CLUSTER_BITS
const REGION = (CLUSTER / 8) * CLUSTER
/** Counts of references, two bytes each, in one cluster. */
const COUNTS = CLUSTER / 2
const HEADER_BYTES = 104
/** On the place of a cluster that nobody shares. */
const COPIED = 1n << 63n

interface Layout {
  /** Clusters with data, by region. */
  readonly data: readonly number[]
  readonly l1Clusters: number
  readonly countClusters: number
  /** Of the whole file. */
  readonly clusters: number
}

/** Its length is known before its first byte is sent; for that, the disk's whole table of contents is read once. */
export async function qcow2File(
  disk: OpenBackup,
): Promise<Omit<DiskFile, 'stream'> & { stream(): AsyncIterable<Uint8Array> }> {
  const layout = await layoutOf(disk)
  return { sizeBytes: layout.clusters * CLUSTER, stream: () => written(disk, layout) }
}

async function layoutOf(disk: OpenBackup): Promise<Layout> {
  const data: number[] = []
  for (let from = 0; from < disk.sizeBytes; from += REGION) data.push((await dataClusters(disk, from)).length)
  const l1Clusters = Math.max(1, Math.ceil((data.length * 8) / CLUSTER))
  // The header, where to find the counts, and what is counted; the counts count themselves.
  const others = 2 + l1Clusters + data.reduce((sum, count) => sum + (count > 0 ? 1 + count : 0), 0)
  let countClusters = 1
  while (countClusters * COUNTS < others + countClusters) countClusters += 1
  return { data, l1Clusters, countClusters, clusters: others + countClusters }
}

/** Offsets of those that hold data, within the region that begins there. */
async function dataClusters(disk: OpenBackup, from: number): Promise<readonly number[]> {
  const found: number[] = []
  for await (const { offset, length, data } of disk.extents(from, Math.min(from + REGION, disk.sizeBytes))) {
    if (!data) continue
    const first = Math.max(offset - (offset % CLUSTER), (found.at(-1) ?? -CLUSTER) + CLUSTER)
    for (let at = first; at < offset + length; at += CLUSTER) found.push(at)
  }
  return found
}

async function* written(disk: OpenBackup, layout: Layout): AsyncIterable<Uint8Array> {
  const countsAt = 1 + layout.l1Clusters
  yield headerOf(disk, layout, countsAt)
  const begin = countsAt + 1 + layout.countClusters
  yield tableOf(layout.l1Clusters, regionPlaces(layout, begin))
  yield tableOf(
    1,
    Array.from({ length: layout.countClusters }, (_, at) => BigInt((countsAt + 1 + at) * CLUSTER)),
  )
  for (let at = 0; at < layout.countClusters; at += 1) yield countsOf(layout.clusters - at * COUNTS)
  let place = begin
  for (const [region, count] of layout.data.entries()) {
    if (count === 0) continue
    const from = region * REGION
    const clusters = await dataClusters(disk, from)
    const table = Buffer.alloc(CLUSTER)
    for (const [number, offset] of clusters.entries())
      table.writeBigUInt64BE(COPIED | BigInt((place + 1 + number) * CLUSTER), ((offset - from) / CLUSTER) * 8)
    yield table
    for (const offset of clusters) yield whole(await disk.read(offset, Math.min(CLUSTER, disk.sizeBytes - offset)))
    place += 1 + clusters.length
  }
}

function headerOf({ sizeBytes }: OpenBackup, layout: Layout, countsAt: number): Buffer {
  const header = Buffer.alloc(CLUSTER)
  header.write('QFI\xfb', 0, 'latin1')
  header.writeUInt32BE(3, 4)
  header.writeUInt32BE(CLUSTER_BITS, 20)
  header.writeBigUInt64BE(BigInt(Math.ceil(sizeBytes / 512) * 512), 24)
  header.writeUInt32BE(layout.data.length, 36)
  header.writeBigUInt64BE(BigInt(CLUSTER), 40)
  header.writeBigUInt64BE(BigInt(countsAt * CLUSTER), 48)
  header.writeUInt32BE(1, 56)
  header.writeUInt32BE(4, 96) // counts of 2^4 bits
  header.writeUInt32BE(HEADER_BYTES, 100)
  return header
}

/** Where the table of each region lies; 0 where it has no data. */
function regionPlaces({ data }: Layout, begin: number): readonly bigint[] {
  let place = begin
  return data.map(count => {
    const at = place
    if (count > 0) place += 1 + count
    return count > 0 ? COPIED | BigInt(at * CLUSTER) : 0n
  })
}

function tableOf(clusters: number, places: readonly bigint[]): Buffer {
  const table = Buffer.alloc(clusters * CLUSTER)
  for (const [number, place] of places.entries()) table.writeBigUInt64BE(place, number * 8)
  return table
}

/** One reference to each of the clusters that are left. */
function countsOf(left: number): Buffer {
  const counts = Buffer.alloc(CLUSTER)
  for (let number = 0; number < Math.min(left, COUNTS); number += 1) counts.writeUInt16BE(1, number * 2)
  return counts
}

/** The disk may end within its last cluster. */
const whole = (bytes: Uint8Array): Uint8Array =>
  bytes.length === CLUSTER ? bytes : Buffer.concat([bytes, Buffer.alloc(CLUSTER - bytes.length)])
